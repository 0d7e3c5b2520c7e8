import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

/** Signatures of one fleet, counted in buckets of time. */
export interface Series {
  readonly name: string
  readonly buckets: readonly number[]
}

/** Signatures over time, a panel for each fleet, as SVG. @param bucket seconds */
export async function plot(series: readonly Series[], bucket: number): Promise<string> {
  const values = series.flatMap(({ name, buckets }) =>
    buckets.map((count, index) => ({ name, hours: (index * bucket) / 3_600, count })),
  )
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    data: { values },
    facet: {
      row: {
        field: 'name',
        type: 'nominal',
        sort: series.map(({ name }) => name),
        header: { title: null, labelAngle: 0, labelAnchor: 'start', labelOrient: 'top' },
      },
    },
    spec: {
      width: 640,
      height: 90,
      mark: { type: 'area', interpolate: 'step-after', color: '#1f6f8b' },
      encoding: {
        x: { field: 'hours', type: 'quantitative', title: 'hours', axis: { grid: false } },
        y: { field: 'count', type: 'quantitative', title: 'a minute' },
      },
    },
    config: { font: 'system-ui, sans-serif', view: { stroke: null } },
  }
  return new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG()
}
