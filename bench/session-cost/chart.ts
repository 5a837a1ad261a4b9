/** One line of the chart: the cost of a million requests by the number of requests in a session. */
export interface Line {
  readonly name: string
  readonly colour: string
  readonly dollars: readonly number[]
}

const width = 720
const height = 360
const left = 60
const right = 190
const top = 48
const bottom = 52

/** Draws lines over a scale of named steps; plain SVG, readable on light and dark. */
export const chart = (title: string, steps: readonly number[], lines: readonly Line[]): string => {
  const most = Math.ceil(Math.max(...lines.flatMap(({ dollars }) => dollars)) / 3) * 3
  const x = (at: number): number => left + (at * (width - left - right)) / (steps.length - 1)
  const y = (value: number): number => height - bottom - (value * (height - top - bottom)) / most
  const text = (at: string, content: string, more = ''): string => `<text ${at} ${more}>${content}</text>`
  const rows = [0, most / 3, (2 * most) / 3, most].map(
    (value) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}" stroke="#8884"/>` +
      text(`x="${left - 8}" y="${y(value) + 4}"`, `$${value}`, 'text-anchor="end"'),
  )
  const columns = steps.map((step, at) =>
    text(`x="${x(at)}" y="${height - bottom + 20}"`, String(step), 'text-anchor="middle"'),
  )
  // Overlapping names are moved apart, upwards from the axis.
  const ends = lines.map(({ dollars }, at) => ({ at, y: y(dollars.at(-1)!) })).toSorted((a, b) => b.y - a.y)
  for (const [at, end] of ends.entries()) if (at > 0) end.y = Math.min(end.y, ends[at - 1]!.y - 16)
  const drawn = lines.map(({ name, colour, dollars }, at) => {
    const points = dollars.map((value, step) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
    const end = ends.find((one) => one.at === at)!
    return (
      `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2.5"/>` +
      text(`x="${width - right + 10}" y="${(end.y + 4).toFixed(1)}"`, name, `fill="${colour}"`)
    )
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#808080">`,
    `<title>${title}</title>`,
    text(`x="${left}" y="24"`, title, 'font-size="15" font-weight="600"'),
    ...rows,
    ...columns,
    text(
      `x="${(left + width - right) / 2}" y="${height - 10}"`,
      'requests in a session',
      'text-anchor="middle"',
    ),
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}
