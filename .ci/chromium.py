"""A headless Chromium of one's own, driven over a pipe. It calls nobody by itself."""
import base64, json, os, subprocess, time


class Left(RuntimeError):
    """The page was left for another one while a script ran in it."""


class Chromium:
    def __init__(self, folder, *rules):
        to_browser, write = os.pipe()
        read, from_browser = os.pipe()

        def as_3_and_4():
            os.dup2(to_browser, 103), os.dup2(from_browser, 104)
            os.dup2(103, 3), os.dup2(104, 4)

        resolver = ",".join([*rules, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"])
        self.log = open(os.path.join(folder, "chromium.log"), "w")
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--disable-component-update", "--disable-default-apps", "--disable-sync", "--no-first-run", "--metrics-recording-only",
             "--host-resolver-rules=" + resolver, "--user-data-dir=" + os.path.join(folder, "chromium"), "--window-size=420,900",
             "--lang=en", "--remote-debugging-pipe", "about:blank"],
            close_fds=False, preexec_fn=as_3_and_4, stdout=self.log, stderr=self.log)
        os.close(to_browser), os.close(from_browser)
        self.write, self.read, self.rest, self.number = write, read, b"", 0
        self.events, self.refused = [], []
        self.downloads = {}
        target = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "DOM", "Log", "Network"):
            self.page(domain + ".enable")

    def receive(self):
        while b"\0" not in self.rest:
            got = os.read(self.read, 1 << 20)
            if not got:
                raise RuntimeError("the browser has ended")
            self.rest += got
        message, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(message)
        method, params = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded" and "Content Security Policy" in params["entry"]["text"]:
            self.refused.append(params["entry"]["text"])
        elif method == "Browser.downloadProgress":
            self.downloads[params["guid"]] = params["state"]
        return message

    def ask(self, method, session=None, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if session:
            request["sessionId"] = session
        os.write(self.write, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    left = "navigated or closed" in answer["error"]["message"]
                    raise (Left if left else RuntimeError)(f"{method}: {answer['error']}")
                return answer["result"]

    def page(self, method, **params):
        return self.ask(method, self.session, **params)

    def run(self, script):
        """Runs a script in the page, waits for its promise and returns its value."""
        result = self.page("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def go(self, url):
        error = self.page("Page.navigate", url=url).get("errorText")
        if not error:
            self.until(lambda: self.run("document.readyState") == "complete", "the page " + url)
        return error

    def until(self, condition, what, seconds=120):
        def holds():
            try:
                return condition()
            except Left:
                return False

        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise RuntimeError(f"after {seconds} s: {what}; the page says: {self.run('document.body.innerText')}")
            time.sleep(0.1)

    def click(self, selector):
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def download(self, selector, folder):
        """Clicks on something that downloads a file, and waits until it is there."""
        os.makedirs(folder)
        self.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder, eventsEnabled=True)
        self.downloads.clear()
        self.click(selector)
        self.until(lambda: self.run("1") and "completed" in self.downloads.values(), "the download")
        return os.path.join(folder, os.listdir(folder)[0])

    def choose(self, selector, paths):
        root = self.page("DOM.getDocument")["root"]["nodeId"]
        node = self.page("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.page("DOM.setFileInputFiles", nodeId=node, files=paths)

    def drop(self, x, y, paths):
        data = {"items": [], "files": paths, "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.page("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def speak(self, language, dark=False):
        """Asks for pages in a language, and for dark ones if that is so."""
        self.page("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        self.page("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.page("Page.captureScreenshot")["data"]))

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
