/* What a person does with a picture, done in the browser by test/profile/flame.sh; results become lines of its DOM. */
(function () {
  'use strict';
  var lines = [], frames = [].slice.call(document.querySelectorAll('.frames > g'));
  function name(g) { return g.querySelector('title').textContent.split('\n')[0]; }
  function shown() { return frames.filter(function (g) { return g.style.display !== 'none'; }); }
  function number(g, what) { return parseFloat(g.querySelector('rect').getAttribute(what)); }
  function called(wanted) { return frames.filter(function (g) { return name(g) === wanted; }); }
  function click(g) { g.dispatchEvent(new MouseEvent('click', { bubbles: true })); }
  function key(words) {
    var event = new KeyboardEvent('keydown', Object.assign({ bubbles: true, cancelable: true }, words));
    document.dispatchEvent(event);
    return event;
  }
  function search(words) {
    var input = document.querySelector('input');
    input.value = words;
    input.dispatchEvent(new Event('input'));
  }
  function marked() { return document.querySelectorAll('.frames > .match').length; }
  function typing() { return document.activeElement === document.querySelector('input'); }
  function told(line) { lines.push(line); }

  try {
    told('all: ' + shown().length + ' of ' + frames.length);
    var parse = called('parse')[0], before = number(parse, 'width');
    click(parse);
    told('zoomed: ' + (number(parse, 'width') === 100 && number(parse, 'x') === 0 && before < 20));
    told('inside: ' + shown().map(name).join(' '));
    told('widths: ' + shown().map(function (g) { return number(g, 'width'); }).join(' '));
    told('text: ' + parse.querySelector('text').textContent);
    told('reset: ' + getComputedStyle(document.querySelector('.reset')).visibility);
    document.querySelector('.reset').dispatchEvent(new MouseEvent('click', { bubbles: true }));
    told('whole again: ' + shown().length + ' ' + (number(parse, 'width') === before) + ' ' +
      getComputedStyle(document.querySelector('.reset')).visibility);
    search('^(parse|grow)$');
    told('matches: ' + marked() + ', ' + document.querySelector('.found').textContent);
    told('colour: ' + getComputedStyle(parse.querySelector('rect')).fill);
    search('json[.]c');
    told('by file: ' + marked());
    search('(((');
    told('no expression: ' + marked());
    search('');
    told('none: ' + marked() + ' "' + document.querySelector('.found').textContent + '"');
    told('slash: ' + (key({ key: '/' }).defaultPrevented && typing()));
    search('grow');
    key({ key: 'Escape' });
    told('escape: ' + marked() + ' ' + typing());
    told('ctrl-f: ' + (key({ key: 'f', ctrlKey: true }).defaultPrevented &&
      typing()));
    key({ key: 'Escape' });
    click(called('main')[0]);
    key({ key: 'Escape' });
    told('escape zooms out: ' + shown().length);
    called('read_body')[0].dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
    told('under the pointer: ' + document.querySelector('.told').textContent);
    told('outside: ' + performance.getEntriesByType('resource').length);
  } catch (e) {
    told('error: ' + e);
  }
  var text = document.createElementNS('http://www.w3.org/2000/svg', 'desc');
  text.textContent = lines.map(function (line) { return '\n=' + line; }).join('') + '\n';
  document.documentElement.appendChild(text);
}());
