/* Zoom, search, and names as long as there is room for them. Frames are in the order of their tree: those
   inside a frame follow it until one comes that is as far out. */
(function () {
  'use strict';
  var svg = document.currentScript && document.currentScript.ownerSVGElement || document.documentElement;
  var one = function (selector) { return svg.querySelector(selector); };
  var told = one('.told'), found = one('.found'), difference = svg.hasAttribute('data-difference');
  var unit = svg.getAttribute('data-unit'), frames = [], zoomed = 0, wanted = null, input = null;

  svg.querySelectorAll('.frames > g').forEach(function (g, i) {
    var rect = g.querySelector('rect'), title = g.querySelector('title').textContent;
    frames.push({ g: g, rect: rect, text: g.querySelector('text'), title: title, name: title.split('\n')[0],
      file: g.getAttribute('class') ? '' : title.split('\n').slice(1, -1)[0] || '',
      sum: title.split('\n').pop().split(/[,:] /)[0],
      x: parseFloat(rect.getAttribute('x')), w: parseFloat(rect.getAttribute('width')),
      y: +rect.getAttribute('y'), live: +g.getAttribute('data-v'), base: +g.getAttribute('data-b') });
    g.addEventListener('click', function () { zoom(i); });
    g.addEventListener('mouseover', function () { told.textContent = title.split('\n').join('   '); });
    g.addEventListener('mouseout', function () { told.textContent = ''; });
  });

  function amount(value) {
    var scales = { bytes: [1024, 'B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'],
      nanoseconds: [1000, 'ns', 'us', 'ms', 's'] }[unit];
    if (!scales) return value + (unit === 'count' ? '' : unit);
    var i = 1;
    while (Math.abs(value) >= scales[0] && i + 1 < scales.length) { value /= scales[0]; i++; }
    return value.toFixed(2).replace(/\.00$/, '') + scales[i];
  }

  function end(i) {
    var j = i + 1;
    while (j < frames.length && frames[j].y > frames[i].y) j++;
    return j;
  }

  function fit(f, percent, pixels) {
    var room = Math.floor((percent / 100 * pixels - 8) / 6.6), letters = Array.from(f.name);
    var both = letters.length + 2 + f.sum.length <= room;
    f.text.textContent = room < 3 ? '' : letters.length <= room ? f.name + (both ? '  ' + f.sum : '') :
      letters.slice(0, room - 1).join('') + '\u2026';
  }

  function place(f, x, w, pixels) {
    f.g.style.display = '';
    f.rect.setAttribute('x', x + '%');
    f.rect.setAttribute('width', w + '%');
    f.text.setAttribute('x', x + '%');
    fit(f, w, pixels);
  }

  function draw() {
    var to = frames[zoomed], last = end(zoomed);
    var pixels = svg.clientWidth || svg.getBoundingClientRect().width || 1200;
    var outer = frames.map(function () { return false; });
    for (var i = zoomed - 1, y = to.y; i >= 0; i--) {
      if (frames[i].y < y) { outer[i] = true; y = frames[i].y; }
    }
    frames.forEach(function (f, i) {
      f.g.classList.toggle('outer', outer[i]);
      if (outer[i]) place(f, 0, 100, pixels);
      else if (i >= zoomed && i < last && to.w > 0)
        place(f, (f.x - to.x) / to.w * 100, f.w / to.w * 100, pixels);
      else if (i === zoomed) place(f, 0, 100, pixels);
      else f.g.style.display = 'none';
    });
    svg.classList.toggle('zoomed', zoomed !== 0);
  }

  function zoom(i) { zoomed = i; draw(); }

  function pattern(words) {
    try { return new RegExp(words, 'i'); } catch (e) {
      return new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
    }
  }

  /* What matches inside of another match is in its total already. */
  function search(words) {
    var live = 0, base = 0, count = 0, inside = 0;
    wanted = words ? pattern(words) : null;
    frames.forEach(function (f, i) {
      var match = i > 0 && wanted !== null && (wanted.test(f.name) || wanted.test(f.file));
      f.g.classList.toggle('match', match);
      if (!match) return;
      count++;
      if (i < inside) return;
      inside = end(i);
      live += f.live;
      base += f.base;
    });
    found.textContent = !wanted ? '' : count + (count === 1 ? ' match: ' : ' matches: ') + (difference ?
      (live > base ? '+' : '') + amount(live - base) + ', from ' + amount(base) + ' to ' + amount(live) :
      amount(live) + ', ' + (frames[0].live ? (live / frames[0].live * 100).toFixed(2) : '0') + '% of all');
  }

  function searchField() {
    var xhtml = 'http://www.w3.org/1999/xhtml';
    var box = document.createElementNS(svg.namespaceURI, 'foreignObject');
    input = document.createElementNS(xhtml, 'input');
    input.setAttribute('class', 'search');
    input.setAttribute('placeholder', 'search ( / )');
    input.setAttribute('aria-label', 'search');
    [['x', '100%'], ['y', '8'], ['width', '272'], ['height', '28'],
      ['transform', 'translate(-284 0)']].forEach(function (a) { box.setAttribute(a[0], a[1]); });
    input.addEventListener('input', function () { search(input.value); });
    box.appendChild(input);
    svg.appendChild(box);
  }

  function key(e) {
    var typing = document.activeElement === input;
    var control = e.ctrlKey || e.metaKey;
    if ((e.key === '/' && !typing && !control) || (e.key === 'f' && control)) {
      input.focus();
      input.select();
      e.preventDefault();
    } else if (e.key === 'Escape') {
      if (typing || wanted) { input.value = ''; search(''); input.blur(); } else zoom(0);
    }
  }

  searchField();
  one('.reset').addEventListener('click', function () { zoom(0); });
  document.addEventListener('keydown', key);
  window.addEventListener('resize', draw);
  svg.removeAttribute('viewBox');
  svg.setAttribute('width', '100%');
  draw();
}());
