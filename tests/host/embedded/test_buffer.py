"""Rows between two threads."""

import threading

from ekuiper.host.embedded.buffer import RowBuffer


def test_rows_come_in_order() -> None:
    """First in, first out; None after the end."""
    buffer = RowBuffer(3, discard=True)
    for number in range(3):
        assert buffer.put({"n": number}) == 0
    buffer.finish()

    assert [buffer.get() for _ in range(4)] == [{"n": 0}, {"n": 1}, {"n": 2}, None]


def test_a_full_buffer_discards_the_oldest() -> None:
    """As a rule's nodes do, and it says so."""
    buffer = RowBuffer(2, discard=True)

    assert [buffer.put({"n": number}) for number in range(4)] == [0, 0, 1, 1]
    assert buffer.get() == {"n": 2}
    assert len(buffer) == 1


def test_a_full_buffer_makes_the_writer_wait() -> None:
    """Without discarding, `put` returns when there is room."""
    buffer = RowBuffer(1, discard=False)
    buffer.put({"n": 0})
    writer = threading.Thread(target=buffer.put, args=({"n": 1},))
    writer.start()

    assert [buffer.get(), buffer.get()] == [{"n": 0}, {"n": 1}]
    writer.join(5)
    assert not writer.is_alive()


def test_closing_frees_both_sides() -> None:
    """A writer that waits for room and a reader that waits for rows return; what waits stays."""
    full, empty = RowBuffer(1, discard=False), RowBuffer(1, discard=False)
    full.put({})
    threads = [
        threading.Thread(target=full.put, args=({},)),
        threading.Thread(target=empty.get),
    ]
    for thread in threads:
        thread.start()
    full.close()
    empty.close()
    for thread in threads:
        thread.join(5)

    assert not any(thread.is_alive() for thread in threads)
    assert (len(full), full.get(), full.put({}), len(full)) == (1, None, 0, 1)
