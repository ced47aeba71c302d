"""Each allocation and each system call fails in turn (threats F25, F26): no crash, no hang, no leak, and answers afterwards.

A sample each time, which moves on from commit to commit as the sites do; all of them with the long tests.  Built with
sanitizers, leaks and use of what is not there end a run; without, what libraries do is tried as well.
"""

import pytest
from daemon import SANITIZED
from torture import Torture

SAMPLE = 10 if SANITIZED else 24  # of each kind


@pytest.fixture
def torture(request, server):
    torture = Torture(server, request.param)
    yield torture
    torture.close()


def check(torture, cases, capsys, **kwargs):
    summary = torture.judge_all(cases, **kwargs)
    with capsys.disabled():
        print(f"\n  {torture.kind}: {summary}")
    assert not summary.wrong, f"{summary}\n\n" + "\n\n".join(summary.wrong[:20])
    # Threads take turns: a site that was come by in one run may not be in another.
    assert summary.seen >= 0.8 * summary.count


@pytest.mark.parametrize("torture", ["memory", "calls"], indirect=True)
def test_some_fail(torture, capsys):
    cases = torture.cases(torture.sites())
    assert len(cases) > 200
    check(torture, cases[:: max(1, len(cases) // SAMPLE)], capsys)


@pytest.mark.long
@pytest.mark.parametrize("torture", ["memory", "calls"], indirect=True)
def test_each_fails(torture, capsys):
    check(torture, torture.cases(torture.sites()), capsys)


@pytest.mark.long
@pytest.mark.parametrize("torture", ["calls"], indirect=True)
def test_each_call_fails_several_times(torture, capsys):
    check(torture, torture.cases(torture.sites()), capsys, times=5)


def test_it_is_seen(server):
    """What this is worth: a site fails, and the log has it."""
    torture = Torture(server, "calls")
    try:
        site = next(s for s, function in torture.sites() if function == "recvmmsg")
        outcome = torture.judge((site, "recvmmsg", "ENOMEM"))
        assert outcome.seen and not outcome.wrong
    finally:
        torture.close()
