"""Packages of other systems, the container and the DaemonSet: as far as each can be judged here."""

import os
import pathlib
import re
import shutil
import tempfile

import pytest
from conftest import BUILD, TOP, make, need, run

yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed (packaging/install-deps.sh package)")
PACKAGING = TOP / "packaging"
KUBERNETES = PACKAGING / "container/kubernetes.yaml"


@pytest.fixture(scope="module")
def tarball(tmp_path_factory, version):
    """That of "make dist", from a copy of what is committed or not."""
    folder = tmp_path_factory.mktemp("dist")
    make("dist", f"BUILD={folder}")
    return folder / f"dnsfwd-{version}.tar.gz"


# ------------------------------------------------------------------ one version, the same files


@pytest.mark.parametrize(
    "path, pattern",
    [
        ("rpm/dnsfwd.spec", r"^Version:\s+(\S+)$"),
        ("arch/PKGBUILD", r"^pkgver=(\S+)$"),
        ("alpine/APKBUILD", r"^pkgver=(\S+)$"),
        ("openwrt/Makefile", r"^PKG_VERSION:=(\S+)$"),
        ("container/kubernetes.yaml", r"image: dnsfwd:(\S+)$"),
    ],
)
def test_version(version, path, pattern):
    assert re.findall(pattern, (PACKAGING / path).read_text(), re.M) == [version]


def test_rpm_spec(root):
    """rpmlint has nothing to say, and the list of files is what is installed."""
    need("rpmlint", "rpmspec")
    spec = PACKAGING / "rpm/dnsfwd.spec"
    assert " 0 errors, " in run("rpmlint", "-c", "/dev/null", spec)
    run("rpmspec", "-P", spec)
    files = spec.read_text().split("%files\n")[1].split("%changelog")[0].split()
    macros = {"_sysconfdir": "/etc", "_sbindir": "/usr/sbin", "_bindir": "/usr/bin", "_datadir": "/usr/share"}
    macros |= {"_mandir": "/usr/share/man", "_docdir": "/usr/share/doc", "_unitdir": "/usr/lib/systemd/system"}
    macros |= {"_sysusersdir": "/usr/lib/sysusers.d", "_tmpfilesdir": "/usr/lib/tmpfiles.d"}
    patterns = [re.sub(r"%\{(\w+)\}", lambda m: macros[m[1]], f) for f in files if f.startswith("%{")]
    patterns += ["/etc/dnsfwd/dnsfwd.conf", "/usr/share/doc/dnsfwd"]
    for pattern in patterns:
        assert list(root.glob(pattern.lstrip("/"))), f"{pattern} is not installed"
    for path in (p for p in root.rglob("*") if p.is_file()):
        name = pathlib.PurePosixPath("/" + str(path.relative_to(root)))
        assert any(name.match(p) or any(parent.match(p) for parent in name.parents) for p in patterns), name


@pytest.mark.long
def test_rpm_is_built(tarball, tmp_path, version):
    """By Debian's rpm, whose macros for systemd are put beside it."""
    need("rpmbuild")
    top = tmp_path / "rpm"
    (top / "SOURCES").mkdir(parents=True)
    shutil.copy(tarball, top / "SOURCES")
    defines = {"_topdir": top, "_unitdir": "/usr/lib/systemd/system", "_sysusersdir": "/usr/lib/sysusers.d"}
    defines |= {"_tmpfilesdir": "/usr/lib/tmpfiles.d", "build_cflags": "-O2 -g", "build_ldflags": "-Wl,-z,now"}
    defines |= {"_docdir": "/usr/share/doc", "systemd_post": "%nil", "systemd_preun": "%nil"}
    defines |= {"systemd_postun_with_restart": "%nil", "sysusers_create_compat": "%nil", "debug_package": "%nil"}
    words = [w for name, value in defines.items() for w in ("--define", f"{name} {value}")]
    run("rpmbuild", "-bb", "--nodeps", *words, PACKAGING / "rpm/dnsfwd.spec", timeout=600)
    (package,) = top.glob(f"RPMS/*/dnsfwd-{version}-*.rpm")
    listing = run("rpm", "-qpl", package)
    assert "/usr/sbin/dnsfwd\n" in listing and "/usr/bin/dnsfwdctl\n" in listing


def test_arch():
    need("bash")
    run("bash", "-n", PACKAGING / "arch/PKGBUILD")
    words = run("bash", "-c", f"cd {PACKAGING / 'arch'} && . ./PKGBUILD && echo ${{backup[0]}} && type build check package")
    assert words.startswith("etc/dnsfwd/dnsfwd.conf\n")


@pytest.mark.long
def test_arch_is_built(tarball):
    """makepkg as it is in Debian, which refuses to be root: as nobody."""
    need("makepkg", "pacman", "bsdtar", "setpriv")
    if os.geteuid() != 0:
        pytest.skip("to become another user one has to be root")
    with tempfile.TemporaryDirectory(prefix="dnsfwd-arch-") as name:  # pytest's own is for root alone
        place = pathlib.Path(name)
        for path in (PACKAGING / "arch/PKGBUILD", tarball):
            shutil.copy(path, place)
        for path in (place, *place.iterdir()):
            os.chown(path, 65534, 65534)
        listing = build_arch(place)
    assert "usr/bin/dnsfwd\n" in listing and "usr/share/licenses/dnsfwd/LICENSE\n" in listing


def build_arch(place):
    """What is in the package."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "PKGEXT": ".pkg.tar", "CARCH": "x86_64", "CHOST": "x86_64"}
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    run(*user, "makepkg", "--nodeps", "--nocheck", "--noprogressbar", cwd=place, env=env, timeout=600)
    (package,) = place.glob("dnsfwd-*.pkg.tar")
    return run("tar", "-tf", package)


@pytest.mark.parametrize("name", ["APKBUILD", "dnsfwd.initd", "dnsfwd.pre-install"])
def test_alpine(name):
    need("shellcheck", "busybox")
    run("shellcheck", PACKAGING / "alpine" / name)
    run("busybox", "ash", "-n", PACKAGING / "alpine" / name)


def test_alpine_functions():
    words = run("busybox", "ash", "-c", f"cd {PACKAGING / 'alpine'}; . ./APKBUILD; type build check package; echo $source")
    for name in words.strip().splitlines()[-1].split():
        assert name.endswith(".tar.gz") or (PACKAGING / "alpine" / name).exists(), name


def test_openwrt_makefile(tmp_path):
    """Read by make with the few definitions of OpenWrt that it leans on."""
    (tmp_path / "rules.mk").write_text("INSTALL_DIR=install -d\nINSTALL_BIN=install -m755\nINSTALL_CONF=install -m600\n")
    read = "define BuildPackage\n$(eval $(Package/$(1)))\n$(info $(1): $(SECTION) $(DEPENDS))\nendef\nall: ;\n"
    (tmp_path / "package.mk").write_text(read)
    said = run("make", "-s", f"TOPDIR={tmp_path}", f"INCLUDE_DIR={tmp_path}", "-C", PACKAGING / "openwrt")
    assert re.search(r"^dnsfwd: net .*\+libgnutls", said, re.M) and re.search(r"^dnsfwdctl: net .*\+libjson-c", said, re.M)
    for name in re.findall(r"\./files/(\S+)", (PACKAGING / "openwrt/Makefile").read_text()):
        assert (PACKAGING / "openwrt/files" / name).exists()


# ------------------------------------------------------------------ containers


def objects():
    text = KUBERNETES.read_text().replace("__CLUSTER_DNS__", "10.96.0.10")
    return {o["kind"]: o for o in yaml.safe_load_all(text)}


# What each object may have in it, after the API's reference: a word that nobody knows would be refused, or worse.
FIELDS = {
    "ServiceAccount": {"automountServiceAccountToken"},
    "ConfigMap": {"data"},
    "DaemonSet": {"spec"},
}
POD = {"serviceAccountName", "automountServiceAccountToken", "priorityClassName", "hostNetwork", "dnsPolicy"}
POD |= {"terminationGracePeriodSeconds", "tolerations", "initContainers", "containers", "volumes"}
CONTAINER = {"name", "image", "args", "command", "securityContext", "resources", "livenessProbe", "volumeMounts"}
SECURITY = {"runAsUser", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities", "seccompProfile"}


def test_kubernetes_fields():
    need("yamllint")
    run("yamllint", "-d", "{extends: relaxed, rules: {line-length: disable}}", KUBERNETES)
    all_objects = objects()
    assert set(all_objects) == set(FIELDS)
    for kind, o in all_objects.items():
        assert set(o) <= {"apiVersion", "kind", "metadata"} | FIELDS[kind]
        assert o["metadata"]["namespace"] == "kube-system"
    spec = all_objects["DaemonSet"]["spec"]
    assert set(spec) == {"selector", "updateStrategy", "template"}
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    pod = spec["template"]["spec"]
    assert set(pod) <= POD
    volumes = {v["name"] for v in pod["volumes"]}
    for container in pod["containers"] + pod["initContainers"]:
        assert set(container) <= CONTAINER and set(container["securityContext"]) <= SECURITY
        assert {m["name"] for m in container.get("volumeMounts", ())} <= volumes
        assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]


def test_kubernetes_configuration(tmp_path):
    """The configuration inside is good, and answers on the address that the pods are told."""
    text = objects()["ConfigMap"]["data"]["dnsfwd.conf"]
    path = tmp_path / "dnsfwd.conf"
    path.write_text(re.sub(r"^user .*\n", "", text, flags=re.M))  # the image's own user
    assert "the configuration is good" in run(BUILD / "dnsfwd", "-t", "-c", path)
    address = re.search(r'listen\s+= \[ "([^"]+)" \]', text)[1]
    init = objects()["DaemonSet"]["spec"]["template"]["spec"]["initContainers"][0]["command"][-1]
    assert f"{address}/32" in init and address in KUBERNETES.read_text().split("apiVersion")[0]


def test_image_configuration():
    assert "is good" in run(BUILD / "dnsfwd", "-t", "-c", PACKAGING / "container/dnsfwd.conf")


@pytest.mark.long
def test_image(tmp_path):
    need("buildah", "mmdebstrap")
    if os.geteuid() != 0:
        pytest.skip("a root of its own needs root")
    assert "the image is good" in run(PACKAGING / "container/check.sh", tmp_path, timeout=1500)
