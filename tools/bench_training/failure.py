"""What a user is told when the benchmark cannot go on."""


class Failure(Exception):
    """One line that says what was wrong, and `hint`, what to do about it."""

    def __init__(self, line: str, hint: str):
        super().__init__(line)
        self.hint = hint
