// A mutant: one small fault in the source of a package, which a test should notice.
import { createHash } from 'node:crypto'

/** Text of one source file; places in it are byte offsets, as the parser counts. */
export interface Source {
  /** The folder below `packages`. */
  readonly package: string
  /** From the root of the repository, with slashes. */
  readonly file: string
  readonly bytes: Buffer
}

export interface Mutant {
  readonly source: Source
  /** The kind of fault; `catalogue` for named ones. */
  readonly kind: string
  readonly start: number
  readonly end: number
  /** The replacement. */
  readonly becomes: string
  /** The reason for it; only in the catalogue. */
  readonly why?: string
}

const slice = (source: Source, start: number, end: number): string =>
  source.bytes.subarray(start, end).toString('utf8')

/** The present text at a place. */
export const original = ({ source, start, end }: Mutant): string => slice(source, start, end)

/** The file with the fault in it. */
export const mutated = ({ source: { bytes }, start, end, becomes }: Mutant): Buffer =>
  Buffer.concat([bytes.subarray(0, start), Buffer.from(becomes), bytes.subarray(end)])

/** The number of the line where it begins. */
export const lineOf = ({ source, start }: Mutant): number => {
  let line = 1
  for (let at = source.bytes.indexOf(0x0a); at !== -1 && at < start; at = source.bytes.indexOf(0x0a, at + 1))
    line++
  return line
}

/** The lines that it changes, before and after. */
export const diff = (mutant: Mutant): { readonly before: string; readonly after: string } => {
  const { source, start, end, becomes } = mutant
  const from = source.bytes.lastIndexOf(0x0a, start - 1) + 1
  const next = source.bytes.indexOf(0x0a, end)
  const to = next === -1 ? source.bytes.length : next
  return {
    before: slice(source, from, to),
    after: slice(source, from, start) + becomes + slice(source, end, to),
  }
}

/** `packages/keys/src/cache.ts:12`, as editors open it. */
export const place = (mutant: Mutant): string => `${mutant.source.file}:${lineOf(mutant)}`

/**
 * The same mutants in an order that depends on the seed and on the mutants themselves, not on where files are: a moved
 * file keeps its mutants.
 */
export const shuffled = (mutants: readonly Mutant[], seed: string): readonly Mutant[] =>
  mutants
    .map((mutant) => {
      const { before, after } = diff(mutant)
      const text = JSON.stringify([seed, mutant.source.package, mutant.kind, before, after])
      return { mutant, key: createHash('sha256').update(text).digest('hex') }
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ mutant }) => mutant)
