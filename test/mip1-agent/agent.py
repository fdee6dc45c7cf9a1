#!/usr/bin/env python3
"""A MiP 1 agent written from the specification alone, as a check on the server's reading of it.

Standard library only. It makes one control connection, and for each Setup request one connection to the VNC
server and one to the proxy, between which it copies bytes.
"""

import argparse
import asyncio
import hashlib
import ssl
import struct
import sys

HANDSHAKE, SETUP_REQUEST, SETUP_RESPONSE = 0, 1, 2
FAILURE, SUCCESS = 0, 1
CHUNK = 65536


def transform_identifier(job_id):
    """The function of the specification's figure 13."""
    digest = hashlib.md5(job_id.encode()).hexdigest()[0:16]
    identifier = ""
    for i in range(0, len(digest), 2):
        char = int(digest[i : i + 2], 16)
        identifier += chr(32 + char % 94)
    return identifier


def transform_identifier_as_shipped(job_id):
    """What the programs of the time did in its place."""
    identifier = ""
    for byte in hashlib.md5(job_id.encode()).digest()[:8]:
        char = 32 + byte
        if char > 251:
            char //= 3
        elif char > 126:
            char //= 2
        identifier += chr(char)
    return identifier


def encode_handshake(identifier_type, identifier):
    raw = identifier.encode()
    return struct.pack(">BBI", HANDSHAKE, identifier_type, len(raw)) + raw


def encode_setup_response(ticket, status):
    return struct.pack(">BIB", SETUP_RESPONSE, ticket, status)


async def read_number(reader, layout):
    (value,) = struct.unpack(layout, await reader.readexactly(struct.calcsize(layout)))
    return value


async def read_text(reader):
    return (await reader.readexactly(await read_number(reader, ">I"))).decode()


async def read_setup_request(reader):
    """Returns the ticket, the proxy's address and the endpoint's."""
    message_type = await read_number(reader, ">B")
    if message_type != SETUP_REQUEST:
        raise ValueError(f"message type {message_type} in place of a Setup request")
    ticket = await read_number(reader, ">I")
    proxy = (await read_text(reader), await read_number(reader, ">I"))
    endpoint = (await read_text(reader), await read_number(reader, ">I"))
    return ticket, proxy, endpoint


def tell(event):
    print(event, flush=True)


class Agent:
    def __init__(self, options):
        self.options = options
        self.tasks = set()
        # Agents of that time checked no certificate.
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE
        if options.alpn != "none":
            self.tls.set_alpn_protocols([options.alpn])

    async def dial_proxy(self, address, bind):
        host, port = address
        local = (bind, 0) if bind else None
        return await asyncio.open_connection(host, port, ssl=self.tls, local_addr=local)

    async def run(self):
        options = self.options
        reader, writer = await self.dial_proxy(options.proxy, options.bind)
        writer.write(encode_handshake(options.identifier_type, options.identifier))
        await writer.drain()
        tell("handshake sent")
        try:
            while True:
                request = await read_setup_request(reader)
                tell(f"setup request: ticket {request[0]}, proxy {request[1]}, endpoint {request[2]}")
                task = asyncio.create_task(self.set_up(writer, *request))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        except (asyncio.IncompleteReadError, OSError):
            tell("control connection closed")
        for task in self.tasks:
            task.cancel()

    async def set_up(self, control, ticket, proxy, endpoint):
        try:
            server = await asyncio.open_connection(*endpoint)
            data = await self.dial_proxy(proxy, self.options.data_bind or self.options.bind)
        except OSError as error:
            tell(f"setup failed: {error}")
            control.write(encode_setup_response(ticket, FAILURE))
            return
        data[1].write(encode_setup_response(ticket, SUCCESS))
        control.write(encode_setup_response(ticket, SUCCESS))
        moved = await asyncio.gather(copy(server[0], data[1]), copy(data[0], server[1]))
        tell(f"data connection ended: {moved[0]} bytes to the proxy, {moved[1]} to the VNC server")


async def copy(reader, writer):
    moved = 0
    try:
        while chunk := await reader.read(CHUNK):
            moved += len(chunk)
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass
    writer.close()
    return moved


def parse_address(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def parse_options():
    parser = argparse.ArgumentParser(description="A MiP 1 agent.")
    parser.add_argument("--proxy", type=parse_address, help="HOST:PORT of the control connection")
    parser.add_argument("--identifier", required=True, help="the job identifier")
    parser.add_argument("--identifier-type", type=int, default=1, help="0 proxy, 1 virtual machine, 2 resource")
    parser.add_argument("--alpn", default="none", help="none, or the protocol to offer")
    parser.add_argument("--bind", help="local address of all connections")
    parser.add_argument("--data-bind", help="local address of data connections")
    parser.add_argument("--tokens", action="store_true", help="only print what viewers have to type, one way a line")
    return parser.parse_args()


def main():
    options = parse_options()
    if options.tokens:
        print(transform_identifier(options.identifier))
        print(transform_identifier_as_shipped(options.identifier))
        return
    try:
        asyncio.run(Agent(options).run())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
