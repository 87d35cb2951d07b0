"""Error messages keep their template and values, survive pickling, and fill only templates that have values."""

import pickle

import pytest

from vc_core.errors import Message, UserError, restore_error


def test_an_error_is_its_filled_template():
    error = UserError("“{file}” is larger than {gigabytes:g} GB.", file="{a}.wav", gigabytes=2.0)
    assert str(error) == "“{a}.wav” is larger than 2 GB."
    assert error.template == "“{file}” is larger than {gigabytes:g} GB."
    assert error.values == {"file": "{a}.wav", "gigabytes": 2.0}


def test_a_template_without_values_is_not_filled():
    assert str(UserError("{name} and { stay")) == "{name} and { stay"


def test_a_value_may_have_any_name():
    assert str(UserError("{template} {self}", template="a", self="b")) == "a b"


@pytest.mark.parametrize("message", [UserError("“{file}”: {error}", file="a", error=Message("{n} more", n=2))])
def test_an_error_survives_pickling(message):
    copy = pickle.loads(pickle.dumps(message))
    assert isinstance(copy, UserError)
    assert str(copy) == str(message) == "“a”: 2 more"
    assert copy.values["error"].template == "{n} more"


def test_a_stored_text_becomes_an_error_again():
    assert str(restore_error("100 % of {it}")) == "100 % of {it}"
