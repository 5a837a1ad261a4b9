// Which functions a suite reaches: instrumented sources, and the function that contains a mutant.
import type { Mutant, Source } from './mutant.ts'
import { bodyOf, isBlock, isFunction, parse, spanOf, walk } from './syntax.ts'

/** A function of a source file, or everything that runs when it is loaded. */
interface Point {
  readonly id: number
  readonly start: number
  readonly end: number
}

export interface Reach {
  /** Ids are below it. */
  readonly count: number
  /** The instrumented source: `globalThis.__reached`, if present, gets a
   * byte for each point. */
  noting(source: Source): Buffer
  /** The point that a suite must reach to notice a mutant. */
  pointOf(mutant: Mutant): number
}

const note = (id: number): string => `__reached[${id}]=1`

/** Each package has this many ids: they stay the same when another package changes. */
const perPackage = 8192

/** Numbers the functions of all sources. */
export const reachOf = (sources: readonly Source[]): Reach => {
  const points = new Map<string, readonly Point[]>()
  const notes = new Map<string, readonly (readonly [at: number, text: string])[]>()
  const names = [...new Set(sources.map((source) => source.package))].sort()
  const next = names.map((_, at) => at * perPackage)
  for (const source of sources) {
    const at = names.indexOf(source.package)
    let id = next[at]!
    const whole = { id: id++, start: 0, end: source.bytes.length }
    const inside: Point[] = [whole]
    const inserted: (readonly [at: number, text: string])[] = [
      [0, `const __reached=globalThis.__reached?.()??[];${note(whole.id)};`],
    ]
    walk(parse(source.bytes.toString('utf8')), (node) => {
      if (!isFunction(node)) return
      const body = bodyOf(node)!
      const [start, end] = spanOf(node)
      const [from, to] = spanOf(body)
      inside.push({ id, start, end })
      if (isBlock(body)) inserted.push([from + 1, `${note(id)};`])
      else inserted.push([from, `(${note(id)},`], [to, ')'])
      id++
    })
    if (id > (at + 1) * perPackage) throw new Error(`packages/${source.package} has too many functions`)
    next[at] = id
    points.set(source.file, inside)
    notes.set(source.file, inserted)
  }
  return {
    count: names.length * perPackage,
    noting({ file, bytes }) {
      const sorted = notes.get(file)!.map((each, order) => ({ each, order }))
      // Of functions at the same place, the outermost opens first and closes last.
      sorted.sort(
        (a, b) => a.each[0] - b.each[0] || (a.each[1] === ')' ? b.order - a.order : a.order - b.order),
      )
      const parts: Buffer[] = []
      let from = 0
      for (const {
        each: [at, text],
      } of sorted) {
        parts.push(bytes.subarray(from, at), Buffer.from(text))
        from = at
      }
      return Buffer.concat([...parts, bytes.subarray(from)])
    },
    pointOf: ({ source: { file }, start, end }) =>
      points
        .get(file)!
        .reduce((inner, point) =>
          point.start <= start && end <= point.end && point.end - point.start <= inner.end - inner.start
            ? point
            : inner,
        ).id,
  }
}
