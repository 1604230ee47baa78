"""A long line within the network namespace that it runs in, with packets of its own: TCP's own handshakes and
retransmissions pass over it.

    line.py MILLISECONDS LOSS

A connection to 10.77.0.2 reaches the listener at 10.77.0.1: each packet comes back from the line MILLISECONDS later, with
its addresses exchanged, which changes no checksum. LOSS per cent of the packets are lost. It writes `ready` when the line
exists, and ends when its input ends. It needs a namespace of its own, and the right to make a device.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
NAME = "line"


def device():
    line = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(line, TUNSETIFF, struct.pack("16sH", NAME.encode(), IFF_TUN | IFF_NO_PI))
    for command in (
        f"ip address add 10.77.0.1/24 dev {NAME}",
        f"ip link set {NAME} txqueuelen 10000 up",
    ):
        subprocess.run(command.split(), check=True)
    return line


def main():
    delay, loss = float(sys.argv[1]) / 1000, float(sys.argv[2]) / 100
    chance = random.Random(1)
    line, under_way, count = device(), [], 0
    print("ready", flush=True)
    poll = select.poll()
    poll.register(line, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN | select.POLLHUP)
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) * 1000 if under_way else None
        for file, _ in poll.poll(wait):
            if file != line:
                return
            packet = os.read(line, 65536)
            # Only IPv4: the system also sends IPv6 packets on each device.
            if packet[0] >> 4 == 4 and chance.random() >= loss:
                packet = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
                count += 1
                heapq.heappush(under_way, (time.monotonic() + delay, count, packet))
        now = time.monotonic()
        while under_way and under_way[0][0] <= now:
            os.write(line, heapq.heappop(under_way)[2])


main()
