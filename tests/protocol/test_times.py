"""The JSON forms of dates and times."""

import json
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo
from datetime import time as clock
from typing import Any

import pytest

from ekuiper.errors import UnsupportedValueError
from ekuiper.protocol.codec import encode_reply
from ekuiper.protocol.messages import Reply

UTC = timezone.utc

pytestmark = pytest.mark.usefixtures("each_engine")


def sent(value: Any) -> Any:
    """What the host reads when `value` is a function's result."""
    return json.loads(encode_reply(Reply(True, value)), parse_constant=pytest.fail)["result"]


def refused(value: Any) -> str:
    """The type that the error names."""
    with pytest.raises(UnsupportedValueError) as caught:
        encode_reply(Reply(True, value))
    return caught.value.value_type


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC), "2024-02-29T12:00:00+00:00"),
        (datetime(2024, 2, 29, 12, 0, 0, 5, tzinfo=UTC), "2024-02-29T12:00:00.000005+00:00"),
        (
            datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
            "2024-01-01T00:00:00-03:30",
        ),
        (
            datetime(1890, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=53, seconds=28))),
            "1889-12-31T18:06:32+00:00",
        ),
        (date(2024, 2, 29), "2024-02-29"),
        (date(1, 1, 1), "0001-01-01"),
        (clock(1, 2, 3), "01:02:03"),
        (clock(1, 2, 3, 4, tzinfo=UTC), "01:02:03.000004+00:00"),
    ],
)
def test_times_are_rfc_3339(moment: Any, text: str) -> None:
    """Offsets with seconds, which RFC 3339 does not have, are turned into UTC."""
    assert sent(moment) == text


@pytest.fixture
def in_india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "IST-5:30")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_india")
def test_a_naive_datetime_is_local_time() -> None:
    """It gets the offset of this machine, so that the host cannot take it for UTC."""
    assert sent(datetime(2024, 2, 29, 12, 0)) == "2024-02-29T12:00:00+05:30"


@pytest.mark.usefixtures("in_india")
def test_a_moment_that_is_not_here_is_refused() -> None:
    """The year 1 in India began before UTC's."""
    assert refused(datetime.min) == "datetime.datetime"


class Odd(datetime):
    """Like pandas' NaT, which is a datetime, and its naive ones, which refuse `astimezone()`."""

    def __ne__(self, other: object) -> bool:
        return self.year == 1999

    def __eq__(self, other: object) -> bool:
        return not self != other

    __hash__ = datetime.__hash__

    def astimezone(self, tz: tzinfo | None = None) -> "Odd":
        raise TypeError


def test_datetimes_of_other_packages() -> None:
    """One that is not equal to itself is null; a naive one is local time even if it objects."""
    assert sent(Odd(1999, 1, 1)) is None
    assert sent(Odd(2024, 1, 1)).startswith("2024-01-01T00:00:00")
