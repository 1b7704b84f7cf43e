"""The attack lab: scenarios run live against a machine, with the defences off or on, and what came of them."""
