"""A local HTTP server for the tests of `hemline data get`.

    download_server.py FOLDER

serves FOLDER's files on a free port of 127.0.0.1 and prints the port as its first line. The first
part of a path says how the server behaves:

    /plain/NAME      the file; answers a Range with 206
    /break-N/NAME    the same, but closes the connection after N bytes of the body
    /norange/NAME    the whole file, whatever Range asks for
    /norange-N/NAME  the same, closing after N bytes
    /shifted/NAME    answers a Range with bytes that begin elsewhere
    /wrong/NAME      right length, one byte in the middle changed
    /page/NAME       a web page
    /endless/NAME    zeros without end
    /moved/NAME      redirects to /plain/NAME
    /away/NAME       redirects to a file:// address
    /status-N/NAME   an empty answer with status N
    /silent/NAME     no answer until the client gives up

It stops when its standard input is closed, or after three minutes.
"""

import http.server
import os
import sys
import threading

FOLDER = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):
        pass

    def head(self, status, length, extra=()):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True

    def content(self, name):
        with open(os.path.join(FOLDER, os.path.basename(name)), "rb") as file:
            return file.read()

    def range_start(self, behaviour):
        """The first byte asked for; None where there is no range, or none is understood."""
        value = self.headers.get("Range", "")
        if behaviour == "norange" or not value.startswith("bytes="):
            return None
        return int(value[6:].split("-")[0])

    def send_file(self, behaviour, number, name):
        body = self.content(name)
        if behaviour == "wrong":
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        start = self.range_start(behaviour)
        if start is not None and start >= len(body):
            self.head(416, 0, [("Content-Range", f"bytes */{len(body)}")])
            return
        if start is None:
            self.head(200, len(body))
        else:
            shift = start + 10 if behaviour == "shifted" else start
            place = f"bytes {shift}-{len(body) - 1}/{len(body)}"
            self.head(206, len(body) - shift, [("Content-Range", place)])
            body = body[shift:]
        self.wfile.write(body if number is None else body[:number])

    def do_GET(self):
        behaviour, _, name = self.path.strip("/").partition("/")
        behaviour, _, number = behaviour.partition("-")
        number = int(number) if number else None
        try:
            if behaviour == "status":
                self.head(number, 0)
            elif behaviour == "moved":
                self.head(302, 0, [("Location", "/plain/" + name)])
            elif behaviour == "away":
                self.head(302, 0, [("Location", "file:///etc/hostname")])
            elif behaviour == "page":
                page = b"<html><body>Welcome to this network. Please log in.</body></html>"
                self.head(200, len(page), [("Content-Type", "text/html")])
                self.wfile.write(page)
            elif behaviour == "endless":
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                while True:
                    self.wfile.write(bytes(1 << 16))
            elif behaviour == "silent":
                self.rfile.read(1)
            else:
                self.send_file(behaviour, number, name)
        except OSError:
            self.close_connection = True  # no such file, or the client has gone


def stop_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=stop_with_parent, daemon=True).start()
    timer = threading.Timer(180, os._exit, [1])
    timer.daemon = True
    timer.start()
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
