import io

from monoservices.files.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_terminal_gets_a_bar() -> None:
    terminal, clock = Terminal(), Clock()
    with Progress(200, noun="rows", stream=terminal, clock=clock) as progress:
        clock.now = 2.0
        progress.advance(50, count=1_000)
        assert (
            terminal.getvalue()
            == "\r\x1b[K[#######                       ]  25%  1,000 rows, 500 a second"
        )
        clock.now += 0.01
        progress.advance(200)  # too soon to be drawn
        clock.now += 0.1
        progress.advance(200)
    assert terminal.getvalue().split("\r\x1b[K")[2:] == [
        "[##############################] 100%  1,002 rows, 475 a second",
        "",
    ]


def test_without_a_total_there_is_a_count() -> None:
    terminal, clock = Terminal(), Clock()
    progress = Progress(0, noun="rows", stream=terminal, clock=clock)
    clock.now = 1.0
    progress.advance(0, count=5)
    assert terminal.getvalue() == "\r\x1b[K5 rows, 5 a second"


def test_elsewhere_nothing_is_drawn() -> None:
    stream, clock = io.StringIO(), Clock()
    with Progress(2, noun="rows", stream=stream, clock=clock) as progress:
        progress.advance(1)
        progress.clear()
        clock.now = 4.0
        progress.advance(2)
    assert stream.getvalue() == ""
    assert progress.summary() == "2 rows in 4.0 s: 0 rows a second."
    assert progress.rate == 0.5
