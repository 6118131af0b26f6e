#!/usr/bin/env python3
"""The report in a real browser (Debian's chromium, headless): loads without a word on the console
and without a request, shows the numbers of the run with scripts and without, sorts, hides and
answers the pointer, and fits a phone. Screenshots stay in the working directory.

usage: report.py PROGRAM
"""

import base64
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys

EXPERIMENT = """\
data: {synthetic: {train: 240, test: 100, height: 12, width: 12}}
validation: {first: 40}
augment: {shift: 1 px}
model:
  - conv: {filters: 4, kernel: 3, activation: relu}
  - maxpool: 2
  - flatten
  - dense: {units: 10, activation: softmax}
train:
  epochs: 6
  batch: 16
  optimizer: {adam: {learning_rate: 0.01}}
"""

# Runs in a copy of the page, after its own script, and leaves what it found in the page's title.
PROBE = """
<script>
(function () {
  var q = function (s, from) { return Array.from((from || document).querySelectorAll(s)); };
  var found = {};
  var table = document.querySelector("#classes table"), heads = q("thead th button", table);
  var column = function (i) { return q("tbody tr", table).map(function (r) {
    return r.cells[i].getAttribute("data-value") || r.cells[i].textContent; }); };
  heads[3].click(); found.up = column(3);
  heads[3].click(); found.down = column(3);
  found.sorted = heads[3].parentNode.getAttribute("aria-sort");
  heads[0].click(); found.names = column(0);
  var button = document.querySelector("[data-toggle] button");
  if (button) {
    var groups = q("[data-key=run0]");
    button.click();
    found.hidden = groups.length > 0 && groups.every(function (g) {
      return getComputedStyle(g).display === "none"; });
    button.click();
    found.shown = groups.every(function (g) { return getComputedStyle(g).display !== "none"; });
  }
  var shown = function (key) { return q("[data-key=" + key + "]").some(function (g) {
    return getComputedStyle(g).display !== "none"; }); };
  found.counts = [shown("counts"), shown("percent")];
  document.getElementById("c-percent").click();
  found.percent = [shown("counts"), shown("percent")];
  var cell = document.querySelector("[data-key=cell] rect"), box = cell.getBoundingClientRect();
  cell.dispatchEvent(new PointerEvent("pointermove",
    {bubbles: true, clientX: box.x + 2, clientY: box.y + 2}));
  found.tip = document.getElementById("tip").textContent;
  found.overflow = document.documentElement.scrollWidth - window.innerWidth;
  found.images = q("img").every(function (i) { return i.complete && i.naturalWidth > 0; });
  document.title = "found " + JSON.stringify(found);
})();
</script></body>"""


class Page(html.parser.HTMLParser):
    """What the DOM holds, of what matters here."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.cells, self.classes, self.titles = [], [], [], ""
        self.unnamed, self.inside, self.text = 0, None, {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        if tag == "section":
            self.sections.append(has["id"])
        if tag == "img" and not has.get("alt"):
            self.unnamed += 1
        if tag == "svg" and not has.get("aria-label") and has.get("aria-hidden") != "true":
            self.unnamed += 1
        if tag in ("title", "td", "th", "strong"):
            self.inside = tag

    def handle_data(self, data):
        if self.inside:
            self.text.setdefault(self.inside, []).append(data.strip())

    def handle_endtag(self, tag):
        if tag == self.inside:
            self.inside = None


def chromium(*arguments):
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--user-data-dir=profile", "--enable-logging=stderr", *arguments],
        capture_output=True, timeout=300)
    return done.stdout.decode(), done.stderr.decode()


def check(holds, what):
    if not holds:
        sys.exit(f"report.py: {what}")


def requests(path):
    """Addresses that the browser asked the network for, from its network log, but its own."""
    with open(path, encoding="utf-8") as file:
        found = re.findall(r'"url":"((?:https?|wss?|ftp):[^"]*)"', file.read())
    # Chromium calls home on its own account, with or without a page.
    own = re.compile(r"//[a-z0-9.-]*(google|gvt1|chrome|chromium)[a-z0-9.-]*\.(com|org)[/:]")
    return [url for url in found if not own.search(url)]


def load(page, *flags):
    """The DOM after loading; dies where the console says anything."""
    dom, log = chromium("--dump-dom", "--log-net-log=net.json", *flags,
                        "file://" + os.path.abspath(page))
    console = [line for line in log.splitlines() if "CONSOLE" in line]
    check(not console, f"{page} {flags}: the console says {console}")
    check(not requests("net.json"), f"{page} asks for {requests('net.json')}")
    return dom


def check_numbers(dom, run):
    with open(os.path.join(run, "result.json"), encoding="utf-8") as file:
        result = json.load(file)
    page = Page(dom)
    check(page.unnamed == 0, f"{page.unnamed} pictures have no text alternative")
    wanted = ["verdict", "curves", "rate", "confusion", "classes", "calibration", "mistakes",
              "network", "filters", "features", "samples", "origin"]
    check([s for s in page.sections if s in wanted] == wanted, f"sections {page.sections}")
    check(f"{100 * result['test']['accuracy']:.2f}\u00a0%" in page.text["strong"], "no accuracy")
    counts = [int(n) for n in re.findall(r"<td>(\d+)</td>", dom[dom.index("counts\"><thead"):])]
    flat = [n for row in result["confusion"] for n in row]
    check(counts[:len(flat)] == flat, "the table of test images has other counts than result.json")
    cells = re.findall(r'data-key="counts"[^>]*>\s*<text[^>]*>(\d+)', dom)
    check(cells[:sum(n > 0 for n in flat)] == [str(n) for n in flat if n > 0],
          "the drawing has other counts than result.json")
    with open(os.path.join(run, "events.jsonl"), encoding="utf-8") as file:
        epochs = [e for e in map(json.loads, file) if e["event"] == "epoch"]
    loss = f"{epochs[2]['train_loss']:.4f}"
    check(loss in page.text["td"], f"no training loss {loss} of epoch 3")
    check(dom.count("<polyline") > 10, "no curves")


def check_kept_inside(dom, run):
    """What a colleague with the page alone needs, and those without a mouse or without sight."""
    saved = re.search(r'<a download="two.yaml" href="data:application/yaml;base64,([^"]*)"', dom)
    with open(os.path.join(run, "resolved.yaml"), "rb") as file:
        check(saved and base64.b64decode(saved[1]) == file.read(), "the experiment is not inside")
    for scroll in re.findall(r'<div class="scroll"[^>]*>', dom):
        check('tabindex="0"' in scroll and 'aria-label="' in scroll, f"no keyboard for {scroll}")
    check(re.search(r'aria-label="Loss: [^"]*validation ends at [0-9.]+"', dom), "curves say nothing")


def check_without_scripts(path, run):
    """As a browser with scripts off sees it: headless Chromium works by scripts itself, so the page
    loses its own; it has no others, and no <noscript>."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"<script>.*?</script>", "", file.read(), flags=re.S)
    check("<noscript" not in text and not re.search(r"<[^>]* on[a-z]+=", text), "more scripts")
    with open("off.html", "w", encoding="utf-8") as file:
        file.write(text)
    check_numbers(load("off.html"), run)
    with open(os.path.join(run, "result.json"), encoding="utf-8") as file:
        result = json.load(file)
    chromium("--print-to-pdf=off.pdf", "--no-pdf-header-footer",
             "file://" + os.path.abspath("off.html"))
    text = subprocess.run(["pdftotext", "-layout", "off.pdf", "-"], check=True,
                          capture_output=True).stdout.decode().replace("\u00a0", " ")
    for words in (f"{100 * result['test']['accuracy']:.2f} %", "Learning curves",
                  "Most confused", "Calibration", result["weights_sha256"], *result["class_names"]):
        check(words in text, f"without scripts '{words}' is not there")
    for row in result["confusion"]:
        for count in row:
            check(count == 0 or re.search(rf"\b{count}\b", text), f"no count {count} in print")


def check_behaviour(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open("probe.html", "w", encoding="utf-8") as file:
        file.write(text.replace("</body>", PROBE))
    for width in (390, 1280):
        dom = load("probe.html", f"--window-size={width},900")
        found = json.loads(re.search(r"<title>found (.*?)</title>", dom)[1]
                           .replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
        check(found["up"] == sorted(found["up"]), f"not sorted: {found['up']}")
        check(found["down"] == sorted(found["down"], reverse=True), "not sorted downward")
        check(found["sorted"] == "descending", "aria-sort")
        check(found["names"] == sorted(found["names"]), "names are not sorted")
        check(found["counts"] == [True, False] and found["percent"] == [False, True], "cells")
        check(re.search(r" of \d+ \(", found["tip"]), f"the pointer gets '{found['tip']}'")
        check(found["overflow"] <= 0, f"{width}: the page is {found['overflow']} too wide")
        check(found["images"], "an image does not load")
        check(found.get("hidden", True) and found.get("shown", True), "experiments do not hide")


def screenshots(path, name):
    for width, height in ((1280, 7600), (390, 12000)):
        for scheme in ("light", "dark"):
            # 0 = dark, 1 = light in this setting of the browser's engine
            setting = f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"
            file = f"{name}-{width}-{scheme}.png"
            chromium(f"--window-size={width},{height}", setting, f"--screenshot={file}",
                     "file://" + os.path.abspath(path))
            check(os.path.getsize(file) > 20000, f"{file} is empty")


def main():
    program = os.path.abspath(sys.argv[1])
    if not shutil.which("chromium") or not shutil.which("pdftotext"):
        print("chromium or pdftotext is not installed")
        sys.exit(77)
    shutil.rmtree("browser", ignore_errors=True)
    os.makedirs("browser")
    os.chdir("browser")
    with open("two.yaml", "w", encoding="utf-8") as file:
        file.write(EXPERIMENT)

    def hemline(*arguments):
        subprocess.run([program, *arguments], check=True, capture_output=True, timeout=120)

    hemline("train", "two.yaml", "--out", "a")
    hemline("train", "two.yaml", "--out", "b", "--set", "train.optimizer.adam.learning_rate=0.3")
    hemline("train", "two.yaml", "--seeds", "1-3", "--out", "st")
    hemline("report", "a", "b", "st", "-o", "all.html")
    for path in ("a/report.html", "all.html", "st/report.html"):
        check(os.path.getsize(path) < 1500000, f"{path} is {os.path.getsize(path)} bytes")
    check_numbers(load("a/report.html"), "a")
    check_kept_inside(load("a/report.html"), "a")
    tables = load("all.html").count("<summary>The numbers, epoch by epoch: ")
    check(tables == 2, f"{tables} tables of epochs for 2 experiments")
    check_without_scripts("a/report.html", "a")
    check_behaviour("a/report.html")
    check_behaviour("all.html")
    screenshots("a/report.html", "one")
    screenshots("all.html", "several")
    shutil.rmtree("profile", ignore_errors=True)
    print("browser tests passed; screenshots are in " + os.getcwd())


if __name__ == "__main__":
    main()
