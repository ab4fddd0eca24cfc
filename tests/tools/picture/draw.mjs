// Renders the dashboards with Grafana's own components and the data of a running Prometheus (page.jsx), as PNG files.
//
// Usage: draw.mjs PROMETHEUS_URL NODE_MODULES OUT [MINUTES]. NODE_MODULES contains @grafana/ui, @grafana/data, react,
// react-dom, esbuild and playwright-core; `make pictures` installs them (430 MB). CHROMIUM names the browser.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const [prometheus, modules, out, minutes = '30'] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, 'x.js'));
const { build } = require('esbuild');
const { chromium } = require('playwright-core');
const STEP_S = 15;
const to = Math.floor(Date.now() / 1000 / STEP_S) * STEP_S;
const from = to - Number(minutes) * 60;
const VARIABLES = { $instance: '.*', $model: '.*', $__rate_interval: '1m' };

async function ask(expr) {
  for (const [name, value] of Object.entries(VARIABLES)) expr = expr.replaceAll(name, value);
  const query = new URLSearchParams({ query: expr, start: from, end: to, step: STEP_S });
  const { status, error, data } = await (await fetch(`${prometheus}/api/v1/query_range?${query}`)).json();
  if (status !== 'success') throw new Error(`${expr}: ${error}`);
  return data.result;
}

const work = fs.mkdtempSync(path.join(out, 'draw-'));
const files = { '.svg': 'dataurl', '.woff2': 'dataurl', '.png': 'dataurl', '.ttf': 'dataurl' };
await build({
  entryPoints: [new URL('page.jsx', import.meta.url).pathname],
  bundle: true,
  outfile: path.join(work, 'page.js'),
  loader: files,
  nodePaths: [path.resolve(modules)],
  define: { 'process.env.NODE_ENV': '"production"', global: 'window', 'process.env.JEST_WORKER_ID': 'undefined' },
  logLevel: 'error',
});

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
for (const file of fs.readdirSync('monitoring/grafana/dashboards').filter((name) => !name.includes('runbook'))) {
  const dashboard = JSON.parse(fs.readFileSync(path.join('monitoring/grafana/dashboards', file)));
  const results = {};
  for (const panel of dashboard.panels) results[panel.id] = await Promise.all((panel.targets ?? []).map(({ expr }) => ask(expr)));
  const picture = JSON.stringify({ dashboard, results, from: from * 1000, to: to * 1000 }).replaceAll('<', '\\u003c');
  const style = fs.existsSync(path.join(work, 'page.css')) ? '<link rel="stylesheet" href="page.css">' : '';
  const html = `<!doctype html>${style}<body style="margin:0;background:#111217"><div id="page"></div><script>window.PICTURE = ${picture}</script><script src="page.js"></script>`;
  fs.writeFileSync(path.join(work, 'page.html'), html);
  const page = await browser.newPage({ viewport: { width: 1616, height: 900 } });
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`file://${path.resolve(work, 'page.html')}`);
  await page.waitForFunction((count) => document.querySelectorAll('canvas').length >= count, dashboard.panels.filter(({ type }) => type === 'timeseries').length);
  await page.screenshot({ path: path.join(out, file.replace('.json', '.png')), fullPage: true });
  if (faults.length) throw new Error(faults.join('\n'));
  await page.close();
  console.log(`Drew ${file}.`);
}
await browser.close();
fs.rmSync(work, { recursive: true });
