"""What each lesson measures: one generator `play(lab)` a lesson, which yields a question's id just before its event."""
