"""OpenStack Swift with its S3 API, all servers in one process, for tests.

    swift-server.py FOLDER PORT

FOLDER, which exists, has everything: a second process finds what the first has stored. The S3 API listens on
PORT, or on any free port if it is 0; the process prints `listening on PORT`. When its standard input ends, so
does the process, and it removes FOLDER: tests that are killed leave nothing behind.

One process, since each of four would take seconds to load the same modules. Nothing outside of FOLDER is read or
written, not even /etc/swift/swift.conf, so any user may run it.
"""

import os
import shutil
import sys
import threading
import time

# Before others read it.
real_time = time.time
AHEAD = float(os.environ.get("CLOCK_AHEAD", "0"))
time.time = lambda: real_time() + AHEAD

FOLDER, PORT = sys.argv[1], int(sys.argv[2])


def end_with_the_tests():
    os.read(0, 1)
    # The servers may be writing still.
    for _ in range(3):
        shutil.rmtree(FOLDER, ignore_errors=True)
    os._exit(0)


# A real thread: it is started before threads become green ones.
threading.Thread(target=end_with_the_tests, daemon=True).start()

from swift.common import utils  # noqa: E402

# Before others read it.
utils.SWIFT_CONF_FILE = os.path.join(FOLDER, "swift.conf")

import eventlet  # noqa: E402
from swift.common import storage_policy, wsgi  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.obj.updater import ObjectUpdater  # noqa: E402

DEVICE = "disk"
BACKENDS = ("account", "container", "object")

# Waits are long, since the machine may be busy; a listing has an object once its PUT is answered.
DEFAULT = f"""
swift_dir = {FOLDER}
devices = {FOLDER}
mount_check = false
fallocate_reserve = 0
log_level = ERROR
conn_timeout = 30
node_timeout = 60
container_update_timeout = 60
"""

PROXY = f"""
[DEFAULT]{DEFAULT}

[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats cache s3api tempauth bulk slo dlo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
conn_timeout = 30
node_timeout = 60
error_suppression_limit = 1000000

[filter:cache]
paste.filter_factory = __main__:cache_factory

[filter:s3api]
use = egg:swift#s3api
location = us-east-1

[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin

[filter:slo]
use = egg:swift#slo
rate_limit_under_size = 0
""" + "".join(
    f"\n[filter:{name}]\nuse = egg:swift#{name}\n"
    for name in ("catch_errors", "gatekeeper", "listing_formats", "bulk", "dlo")
)


now = time.time


class Cache:
    """In place of memcached: tokens, and what Swift remembers of buckets."""

    def __init__(self):
        self.values = {}

    def get(self, key, **_):
        value, until = self.values.get(key, (None, 0))
        return value if until is None or until > now() else None

    def set(self, key, value, time=0, **_):
        self.values[key] = (value, now() + time if time else None)

    def delete(self, key, **_):
        self.values.pop(key, None)


def cache_factory(_, **__):
    cache = Cache()

    def with_cache(app):
        def answer(env, start_response):
            env["swift.cache"] = cache
            return app(env, start_response)

        return answer

    return with_cache


def write(name, content):
    path = os.path.join(FOLDER, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)
    return path


def write_ring(kind, port):
    ring = RingBuilder(4, 1, 0)
    ring.add_dev({
        "id": 0, "region": 1, "zone": 1, "weight": 1, "device": DEVICE,
        "ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port,
    })
    ring.rebalance()
    name = os.path.join(FOLDER, f"{kind}.ring.gz")
    ring.get_ring().save(name)


def serve(path, name, listener):
    app = wsgi.loadapp(path, global_conf={"log_name": name})
    # As Swift does it: S3 clients look for `ETag`, in these letters.
    eventlet.spawn(
        eventlet.wsgi.server, listener, app, utils.NullLogger(), protocol=wsgi.SwiftHttpProtocol,
        socket_timeout=60, capitalize_response_headers=False,
    )


def update_listings(conf):
    """What Swift's updater does: listings catch up with what a killed process has left."""
    updater = ObjectUpdater(conf)
    while True:
        updater.begin = now()
        updater.object_sweep(os.path.join(FOLDER, DEVICE))
        eventlet.sleep(0.5)


def main():
    utils.eventlet_monkey_patch()
    utils.FALLOCATE_RESERVE = 0
    os.makedirs(os.path.join(FOLDER, DEVICE), exist_ok=True)
    write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = tests\n")
    utils.validate_configuration()
    storage_policy.reload_storage_policies()
    listeners = {name: eventlet.listen(("127.0.0.1", 0)) for name in BACKENDS}
    listeners["proxy"] = eventlet.listen(("127.0.0.1", PORT))
    for kind in BACKENDS:
        write_ring(kind, listeners[kind].getsockname()[1])
    for kind in BACKENDS:
        backend = f"[DEFAULT]{DEFAULT}\n[app:main]\nuse = egg:swift#{kind}\n"
        serve(write(f"{kind}.conf", backend), kind, listeners[kind])
    serve(write("proxy.conf", PROXY), "proxy", listeners["proxy"])
    eventlet.spawn(update_listings, {"swift_dir": FOLDER, "devices": FOLDER, "mount_check": "false"})
    print(f"listening on {listeners['proxy'].getsockname()[1]}", flush=True)
    while True:
        eventlet.sleep(3600)


main()
