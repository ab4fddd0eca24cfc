// A dashboard of monitoring/grafana/dashboards, rendered with Grafana's own components (@grafana/ui) from Prometheus'
// responses. In: window.PICTURE, with the dashboard, the results of each panel's targets by the panel's id, and the
// times of begin and end. Heatmaps are left out, because Grafana draws them outside of @grafana/ui.
import React from 'react';
import { createRoot } from 'react-dom/client';
import { FieldType, ThemeContext, createDataFrame, createTheme, getDisplayProcessor } from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, TimeSeries } from '@grafana/ui';

const theme = createTheme({ colors: { mode: 'dark' } });
const WIDTH = 1600;
const ROW = 38;
const GAP = 8;
const { dashboard, results, from, to } = window.PICTURE;
const range = { from: { valueOf: () => from }, to: { valueOf: () => to }, raw: { from: 'now-1h', to: 'now' } };

const legend = (format, labels) => (format ?? '').replace(/\{\{(\w+)\}\}/g, (_, name) => labels[name] ?? '') || ' ';

// One frame for each series, like those of Grafana's data source.
function frames(panel) {
  const { defaults } = panel.fieldConfig;
  const found = results[panel.id].flatMap((series, number) =>
    series.map(({ metric, values }) => {
      const name = legend(panel.targets[number].legendFormat, metric);
      const number_ = ([, value]) => (Number.isFinite(+value) ? +value : null);
      return createDataFrame({
        name,
        fields: [
          { name: 'Time', type: FieldType.time, values: values.map(([time]) => time * 1000), config: {} },
          { name, type: FieldType.number, values: values.map(number_), config: { ...defaults, displayName: name } },
        ],
      });
    }),
  );
  found.forEach((frame, index) =>
    frame.fields.forEach((field) => {
      const known = field.values.filter((value) => value !== null);
      const [min, max] = [defaults.min ?? Math.min(...known), defaults.max ?? Math.max(...known)];
      field.state = { seriesIndex: index, range: { min, max, delta: max - min } };
      field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
    }),
  );
  return found;
}

function Stat({ panel, width, height }) {
  const [frame] = frames(panel);
  if (!frame) return <div>No data</div>;
  const [time, field] = frame.fields;
  const last = field.values.findLast((value) => value !== null);
  const words = panel.options.textMode === 'name';
  const value = words ? { text: frame.name, numeric: 0 } : field.display(last);
  const sparkline = panel.options.graphMode === 'area' ? { x: time, y: field } : undefined;
  const { colorMode, graphMode, justifyMode, textMode } = panel.options;
  const looks = { colorMode, graphMode, justifyMode, textMode: words ? 'value' : textMode };
  return <BigValue {...{ theme, width, height, value, sparkline }} {...looks} />;
}

function Lines({ panel, width, height }) {
  const found = frames(panel);
  const shown = { ...panel.options.legend, displayMode: 'list', calcs: [] };
  if (!found.length) return <div>No data</div>;
  return <TimeSeries {...{ width, height }} frames={found} timeRange={range} timeZone="utc" structureRev={1} legend={shown} options={{}} />;
}

function place({ x, y, w, h }) {
  const column = WIDTH / 24;
  return { position: 'absolute', left: x * column, top: y * ROW, width: w * column - GAP, height: h * ROW - GAP };
}

function Panel({ panel }) {
  const spot = place(panel.gridPos);
  if (panel.type === 'row') {
    return <div style={{ ...spot, color: theme.colors.text.primary, font: '500 16px Inter, sans-serif' }}>{panel.title}</div>;
  }
  const Body = { stat: Stat, timeseries: Lines }[panel.type];
  return (
    <div style={spot}>
      <PanelChrome title={panel.title} width={spot.width} height={spot.height}>
        {(width, height) => (Body ? <Body {...{ panel, width, height }} /> : <div>A heatmap, which Grafana draws outside of @grafana/ui.</div>)}
      </PanelChrome>
    </div>
  );
}

const bottom = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * ROW;
createRoot(document.getElementById('page')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <div style={{ position: 'relative', width: WIDTH, height: bottom, margin: GAP }}>
      {dashboard.panels.map((panel) => <Panel key={panel.id} panel={panel} />)}
    </div>
  </ThemeContext.Provider>,
);
