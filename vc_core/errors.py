"""The one error whose text is written for the person using the tool."""


class UserError(Exception):
    """A sentence that says what is wrong and what to do; every front end shows it as it is.

    Anything else that is raised is a bug and keeps its traceback.
    """
