"""Exceptions that both sides of the interoperability tests know by this module's name."""


class Boom(Exception):
    """An exception of one positional argument."""


class KwBoom(Exception):
    """An exception with keyword arguments, which OpenStack keeps in `kwargs` and sends."""

    msg_fmt = "Flavor %(id)s not found"

    def __init__(self, message=None, **kwargs):
        self.kwargs = kwargs
        super().__init__(message or self.msg_fmt % kwargs)
