// Which functions a suite reaches: sources that note it, and which of them a mutant is in.
import type { Mutant, Source } from './mutant.ts'
import { bodyOf, isBlock, isFunction, parse, spanOf, walk } from './syntax.ts'

/** A function of a source file, or all that runs when it is loaded. */
interface Point {
  readonly id: number
  readonly start: number
  readonly end: number
}

export interface Reach {
  /** The source as it notes what is reached: `globalThis.__reached`, where there is one, is a set of ids. */
  noting(source: Source): Buffer
  /** The point that a suite must reach to notice a mutant. */
  pointOf(mutant: Mutant): number
}

const note = (id: number): string => `globalThis.__reached?.add(${id})`

/** Numbers the functions of all sources. */
export const reachOf = (sources: readonly Source[]): Reach => {
  const points = new Map<string, readonly Point[]>()
  const notes = new Map<string, readonly (readonly [at: number, text: string])[]>()
  let id = 0
  for (const source of sources) {
    const whole = { id: id++, start: 0, end: source.bytes.length }
    const inside: Point[] = [whole]
    const inserted: (readonly [at: number, text: string])[] = [[0, `${note(whole.id)};`]]
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
    points.set(source.file, inside)
    notes.set(source.file, inserted)
  }
  return {
    noting({ file, bytes }) {
      const sorted = notes.get(file)!.map((each, order) => ({ each, order }))
      // Of those at one place the outermost function stands first, and closes last.
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
