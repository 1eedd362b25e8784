#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Opens a page in headless Chromium, at a width and in light or dark, and says what is so of it.

    browse.py URL WIDTH light|dark [--png FILE] [--no-script] [EXPRESSION...]

Prints the value of each expression of JavaScript as a line of JSON. Ends with 1 where the console has a message, the
page breaks its policy, loads from elsewhere, or a script throws; messages go to stderr. Speaks the DevTools protocol
through two pipes, so it needs nothing but Python.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile


class Browser:
    def __init__(self, profile):
        to_browser, from_us = os.pipe()
        from_browser, to_us = os.pipe()
        # The browser reads from 3 and writes to 4.
        self.process = subprocess.Popen(
            ['sh', '-c', f'exec chromium "$@" 3<&{to_browser} 4>&{to_us}', 'sh', '--headless', '--no-sandbox',
             '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', f'--user-data-dir={profile}',
             '--remote-debugging-pipe', 'about:blank'],
            pass_fds=(to_browser, to_us), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(to_us)
        self.out = os.fdopen(from_us, 'wb', buffering=0)
        self.input = os.fdopen(from_browser, 'rb', buffering=0)
        self.data, self.number, self.events, self.session = b'', 0, [], None

    def receive(self):
        while b'\0' not in self.data:
            more = self.input.read(65536)
            if not more:
                raise SystemExit('the browser has gone')
            self.data += more
        message, self.data = self.data.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        self.out.write(json.dumps(message).encode() + b'\0')
        while True:
            answer = self.receive()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise SystemExit(f'{method}: {answer["error"]}')
                return answer['result']
            self.events.append(answer)

    def wait(self, method):
        while not any(e.get('method') == method for e in self.events):
            self.events.append(self.receive())


def complaints(events, url):
    here = url.split('/')[2]
    for event in events:
        about = event.get('params', {})
        if event.get('method') == 'Log.entryAdded':
            yield about['entry']['text']
        elif event.get('method') == 'Runtime.consoleAPICalled':
            yield 'console: ' + json.dumps(about['args'])
        elif event.get('method') == 'Runtime.exceptionThrown':
            yield 'a script threw: ' + json.dumps(about['exceptionDetails'])
        elif event.get('method') == 'Network.requestWillBeSent':
            asked = about['request']['url']
            if not asked.startswith('data:') and asked.split('/')[2] != here:
                yield 'it loads ' + asked
        elif event.get('method') == 'Page.javascriptDialogOpening':
            yield 'a name of the program ran as a script'


def browse(browser, url, width, scheme, png, script, expressions):
    target = browser.call('Target.createTarget', url='about:blank')['targetId']
    browser.session = browser.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
    for domain in 'Log', 'Runtime', 'Network', 'Page':
        browser.call(domain + '.enable')
    browser.call('Emulation.setDeviceMetricsOverride', width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
    browser.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])
    browser.call('Emulation.setScriptExecutionDisabled', value=not script)
    browser.events.clear()
    browser.call('Page.navigate', url=url)
    browser.wait('Page.loadEventFired')
    for expression in expressions:
        result = browser.call('Runtime.evaluate', expression=expression, returnByValue=True)
        print(json.dumps(result['result'].get('value', result.get('exceptionDetails'))))
    if png:
        picture = browser.call('Page.captureScreenshot', format='png', captureBeyondViewport=True)
        with open(png, 'wb') as file:
            file.write(base64.b64decode(picture['data']))
    found = list(complaints(browser.events, url))
    for complaint in found:
        print(f'{url}: {complaint}', file=sys.stderr)
    return 1 if found else 0


def main():
    words, png, script = sys.argv[1:], None, True
    if '--png' in words:
        at = words.index('--png')
        png = words[at + 1]
        del words[at:at + 2]
    if '--no-script' in words:
        words.remove('--no-script')
        script = False
    profile = tempfile.mkdtemp()
    browser = Browser(profile)
    try:
        return browse(browser, words[0], int(words[1]), words[2], png, script, words[3:])
    finally:
        browser.process.kill()
        browser.process.wait()
        shutil.rmtree(profile, ignore_errors=True)


sys.exit(main())
