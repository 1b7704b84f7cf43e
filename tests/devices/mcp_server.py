"""A small MCP server for the tests: it adds, fails, dies and changes its tools. Run as a script, it speaks on stdio."""

from __future__ import annotations

import os
import threading

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("toys")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def shout(text: str) -> str:
    """Says it louder."""
    return text.upper()


@server.tool()
def fail() -> str:
    """Always fails."""
    raise ValueError("as it should")


@server.tool()
def die() -> str:
    """Ends the server in the middle of the call."""
    os._exit(3)


@server.tool()
def hang() -> str:
    """Never answers."""
    threading.Event().wait()
    return ""


@server.tool()
def peek(path: str) -> str:
    """Reads a file of the machine it runs on."""
    with open(path, encoding="utf-8") as file:
        return file.read()


@server.tool()
def much() -> str:
    """Says more than anybody wants to hear."""
    return "much " * 10_000


@server.tool()
async def learn(ctx: Context[None]) -> str:
    """Adds a tool while it runs."""
    server.add_tool(lambda: "new", name="fresh", description="Was not there before.")
    await ctx.notify_tools_changed()
    return "learned"


if __name__ == "__main__":
    server.run()
