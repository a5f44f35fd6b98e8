// @ts-nocheck -- runs in a browser; the types of this repository are those of Node.
// Draws the curves of each cell with uPlot when they come into view, and all of them before the page is printed.
/* global uPlot */
const timelines = JSON.parse(document.getElementById('timelines').textContent);
const STYLES = [
  ['respond-first', 'Respond-first', '#0072b2', []],
  ['messaging', 'Messaging', '#009e73', [6, 3]],
  ['replication', 'Replication', '#b05a00', [2, 2]],
  ['synchronous', 'Synchronous', '#c2267a', [9, 3, 2, 3]],
];
const color = (name) => getComputedStyle(document.body).getPropertyValue(name);

/** Shades the time of the fault, and more lightly the time until it has ended completely. */
function shadeFault({ began, complete }) {
  return (plot) => {
    const { ctx, bbox } = plot;
    const x = (second) => plot.valToPos(second, 'x', true);
    ctx.save();
    for (const [end, alpha] of [
      [complete, 0.1],
      [began, 0.14],
    ]) {
      ctx.fillStyle = `rgba(128, 128, 128, ${alpha})`;
      ctx.fillRect(x(0), bbox.top, x(end) - x(0), bbox.height);
    }
    ctx.restore();
  };
}

function draw(element) {
  if (element.dataset.drawn) return;
  element.dataset.drawn = 'true';
  const { seconds, faultEnd, styles, notification } = timelines[element.dataset.cell];
  const curve = element.dataset.curve;
  const shown =
    curve === 'notification'
      ? [{ label: 'All styles', stroke: color('--text'), dash: [], values: notification, spanGaps: true }]
      : STYLES.filter(([style]) => styles[style]).map(([style, label, stroke, dash]) => ({
          label,
          stroke,
          dash,
          values: styles[style][curve],
        }));
  const isShare = curve === 'answered' || curve === 'decided';
  const axis = { stroke: color('--text'), grid: { stroke: color('--line'), width: 0.5 } };
  const series = shown.map(({ values: _, ...rest }) => ({ ...rest, width: 2, points: { show: false } }));
  const options = {
    width: element.clientWidth,
    height: 220,
    scales: { x: { time: false }, y: { range: isShare ? [-2, 102] : (_, __, max) => [0, Math.max(max, 1) * 1.05] } },
    axes: [{ ...axis, label: 'seconds after the begin of the fault', labelSize: 18 }, axis],
    series: [{ label: 'second' }, ...series],
    hooks: { drawClear: [shadeFault(faultEnd)] },
  };
  new uPlot(options, [seconds, ...shown.map(({ values }) => values)], element);
}

const charts = document.querySelectorAll('.chart');
const observer = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) draw(target);
  },
  { rootMargin: '400px' },
);
for (const chart of charts) observer.observe(chart);
addEventListener('beforeprint', () => charts.forEach(draw));
