"""What all e2e tests share: a test server and a dnsfwd for each file, and factories for those that need their own."""

import sys

import pytest
from _pytest.runner import runtestprotocol

sys.dont_write_bytecode = True

import folders  # noqa: E402
import machine  # noqa: E402
from certcase import TLS13, Bench, of_version  # noqa: E402
from clockfile import ClockFile  # noqa: E402
from daemon import Dnsfwd, is_built_with  # noqa: E402
from dtlscase import DtlsCase, new_server  # noqa: E402
from pki import Pki  # noqa: E402
from judge_zone import Zones  # noqa: E402
from judges import Nsd  # noqa: E402
from testserver import TestServer, expected_a, make_certs, wait_for  # noqa: E402


ATTEMPTS = 4  # at a test of the clock
OTHERS = 2  # at any other: a machine that stands still also changes what is merely counted
STOOD_STILL = 0.5  # seconds that the machine took: with less, dnsfwd's own limits of time are not met by accident


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes longer than a check before a commit may")
    folders.sweep()
    config.addinivalue_line("markers", "clock: is about a limit of time; tried again where the machine stood still")
    config.addinivalue_line("markers", "built_with(*options): skipped where one of these is left out of the build")


def pytest_runtest_setup(item):
    for marker in item.iter_markers("built_with"):
        for option in marker.args:
            if not is_built_with(option):
                pytest.skip(f"built without {option}")


def pytest_runtest_protocol(item, nextitem):
    """What failed while the machine took of its time is no finding yet: it is done again, and told at the end."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for _ in range(ATTEMPTS if item.get_closest_marker("clock") else OTHERS):
        before = machine.taken()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        failed = [r for r in reports if r.failed]
        took = machine.taken() - before
        if not failed or took < STOOD_STILL or any("Leak: " in str(r.longrepr) for r in failed):
            break  # what was sent in clear was sent, however slow the machine
        reason = str(failed[0].longrepr).splitlines()[-1]
        item.user_properties.append(("tried again", f"{item.nodeid}, {took:.1f} s taken: {reason}"))
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter):
    """What was tried again is told, so that nothing that happens now and then stays unseen."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            terminalreporter.write_line(f"{name}: {text}")


@pytest.fixture(scope="session")
def certs(tmp_path_factory):
    """The certificate of resolver.test, 127.0.0.1 and ::1, with its CA."""
    return make_certs(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def server_of_version(certs):
    """The file's test server of a TLS version: made when it is wanted."""
    servers = {}

    def of(version):
        if version not in servers:
            servers[version] = TestServer(certs=certs, args=of_version(version))
        return servers[version]

    yield of
    for server in servers.values():
        server.stop()


@pytest.fixture
def bench(server_of_version, pki, start):
    """bench(version).accept(...), .refuse(...), .put_up_with(...): see certcase.py."""
    return lambda version=TLS13: Bench(server_of_version(version), pki, start, version)


@pytest.fixture(scope="session")
def zones(tmp_path_factory):
    """What the judges serve, signed."""
    return Zones(tmp_path_factory.mktemp("judges") / "zones")


@pytest.fixture(scope="session")
def backend(certs, zones, tmp_path_factory):
    """An nsd for the judges that do not serve zones themselves."""
    with Nsd(tmp_path_factory.mktemp("backend") / "nsd", certs, zones) as nsd:
        yield nsd


@pytest.fixture(scope="module")
def shared_server(certs):
    with TestServer(tls=["127.0.0.1:0"], certs=certs) as server:
        yield server


@pytest.fixture
def server(shared_server):
    """The file's test server, honest and without memory."""
    for command in ("rules clear", "mute off", "pause off", "accept on", "listen start", "keepalive off", "cookies off"):
        shared_server.command(command)
    shared_server.reset()
    return shared_server


class Holder:
    daemon = None


@pytest.fixture(scope="module")
def shared_dnsfwd():
    holder = Holder()
    yield holder
    if holder.daemon:
        holder.daemon.stop()


def check_alive(fwd):
    """Whatever was done to it: it answers."""
    assert fwd.alive(), f"dnsfwd has ended:\n{fwd.log_text()}"
    reply = fwd.ask("still.alive.test")
    assert addresses(reply) == [expected_a("still.alive.test")], reply


@pytest.fixture
def fwd(server, shared_dnsfwd):
    """The file's dnsfwd, which asks `server`.  Afterwards it has to be alive and to answer."""
    if not shared_dnsfwd.daemon or not shared_dnsfwd.daemon.alive():
        shared_dnsfwd.daemon = Dnsfwd(server)
    yield shared_dnsfwd.daemon
    try:
        server.clear_rules()
        check_alive(shared_dnsfwd.daemon)
    except BaseException:
        shared_dnsfwd.daemon.kill()
        shared_dnsfwd.daemon = None
        raise


@pytest.fixture
def start():
    """Starts a dnsfwd as Dnsfwd() does; ended and judged with the test."""
    started = []

    def begin(*args, **kwargs):
        started.append(Dnsfwd(*args, **kwargs))
        return started[-1]

    yield begin
    errors = []
    for daemon in started:
        try:
            daemon.stop()
        except AssertionError as error:
            errors.append(str(error))
    assert not errors, "\n".join(errors)


@pytest.fixture
def clock(tmp_path):
    """For start(..., clock=clock): see clockfile.py."""
    return ClockFile(tmp_path)


@pytest.fixture
def start_server(certs):
    """Starts a test server of one's own."""
    started = []

    def begin(**kwargs):
        started.append(TestServer(**{"certs": certs, **kwargs}))
        return started[-1]

    yield begin
    for server in started:
        server.stop()


@pytest.fixture
def dtls(start, certs):
    """Makes a DtlsCase, of a server with these options."""
    cases = []

    def begin(**kwargs):
        cases.append(DtlsCase(start, new_server(certs, **kwargs)))
        return cases[-1]

    yield begin
    for case in cases:
        case.close()


def addresses(message):
    return [rr.address for rrset in message.answer for rr in rrset if rrset.rdtype in (1, 28)]


def warm(fwd):
    """Its connection stands: what is measured from now on is no handshake."""
    wait_for(lambda: fwd.ask("warm.test").rcode() == 0, what="a first answer")
    return fwd
