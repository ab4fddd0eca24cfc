// Checks the dashboards against Grafana's own TypeScript types (@grafana/schema).
// Usage: monitoring_types.mjs NODE_MODULES
//
// The types of a panel's `options` and `custom` depend on the kind of panel; queries, also those of annotations, have
// no types.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const modules = path.resolve(process.argv[2]);
const folder = 'monitoring/grafana/dashboards';
const composable = '@grafana/schema/dist/esm/raw/composable';
// The kind of panel → the folder and the name of its types, and whether there is one for `custom`.
const kinds = {
  timeseries: ['timeseries', 'TimeSeries', true],
  stat: ['stat', 'Stat', false],
  heatmap: ['heatmap', 'Heatmap', true],
  text: ['text', 'Text', false],
};

// The types have real enums; `Lit` widens them to the strings and numbers of JSON.
let source = `import type { Dashboard, Panel, RowPanel } from '@grafana/schema';
type Lit<T> = T extends string ? \`\${T}\`
  : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : T)
  : T extends (infer U)[] ? Lit<U>[]
  : T extends object ? { [K in keyof T]: Lit<T[K]> } : T;
`;
for (const [kind, [dir, name, custom]] of Object.entries(kinds)) {
  const file = `${composable}/${dir}/panelcfg/x/${name}PanelCfg_types.gen`;
  source += `import type { Options as ${kind}Options${custom ? `, FieldConfig as ${kind}Custom` : ''} } from '${file}';\n`;
}

let panels = 0;
for (const file of fs.readdirSync(folder)) {
  const dashboard = JSON.parse(fs.readFileSync(path.join(folder, file)));
  const name = dashboard.uid.replaceAll('-', '_');
  for (const annotation of dashboard.annotations.list) {
    for (const field of ['expr', 'step', 'titleFormat', 'textFormat', 'useValueForTime']) delete annotation[field];
  }
  source += `export const ${name}: Lit<Omit<Dashboard, 'panels'>> & { panels: Lit<Panel | RowPanel>[] } = ${JSON.stringify(dashboard, null, 1)};\n`;
  for (const panel of dashboard.panels.filter(({ type }) => type !== 'row')) {
    if (!kinds[panel.type]) throw new Error(`${file}: there are no types for panels of kind ${panel.type}.`);
    source += `export const ${name}_${panel.id}: Lit<${panel.type}Options> = ${JSON.stringify(panel.options)};\n`;
    if (kinds[panel.type][2]) {
      const custom = JSON.stringify(panel.fieldConfig.defaults.custom);
      source += `export const ${name}_${panel.id}_custom: Lit<${panel.type}Custom> = ${custom};\n`;
    }
    panels += 1;
  }
}

// The compiler looks for the modules beside this file.
const checked = path.join(path.dirname(modules), 'dashboards.check.ts');
fs.writeFileSync(checked, source);
const flags = '--noEmit --strict --skipLibCheck --moduleResolution bundler --module esnext --target es2022 --types';
try {
  execFileSync('node', [path.join(modules, 'typescript/bin/tsc'), ...flags.split(' '), '', checked], { encoding: 'utf8' });
} catch (failure) {
  console.error((failure.stdout || failure.message).split('\n').slice(0, 20).join('\n'));
  process.exit(1);
}
console.log(`${panels} panels match Grafana's types.`);
