// Which mutants there are, and which of them are run.
import { catalogue, type Named } from './catalogue.ts'
import { type Equivalent, equivalent } from './equivalent.ts'
import { mutantsOf } from './kinds.ts'
import { diff, type Mutant, original, type Source, shuffled } from './mutant.ts'

/** A text as a pattern that ignores indentation and line breaks. */
const patternOf = (text: string): RegExp =>
  new RegExp(
    Buffer.from(text)
      .toString('latin1')
      .replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
      .replaceAll(/\s+/g, '\\s+'),
    'g',
  )

/** The one place of a catalogued mutant. */
export const placed = ({ package: name, find, replace, why }: Named, sources: readonly Source[]): Mutant => {
  const pattern = patternOf(find)
  const places = sources
    .filter((source) => source.package === name)
    .flatMap((source) =>
      [...source.bytes.toString('latin1').matchAll(pattern)].map(
        ({ 0: text, index: start }): Mutant => ({
          source,
          kind: 'catalogue',
          start,
          end: start + text.length,
          becomes: replace,
          why,
        }),
      ),
    )
  if (places.length !== 1)
    throw new Error(
      `tools/mutants/catalogue.ts: ${JSON.stringify(find)} is found ${places.length} times in packages/${name}/src`,
    )
  return places[0]!
}

/** The places of a catalogue's mutants; those without a place are reported and left out. */
const placedOf = (named: readonly Named[], sources: readonly Source[]): readonly Mutant[] =>
  named.flatMap((each) => {
    try {
      return [placed(each, sources)]
    } catch (error) {
      console.error((error as Error).message)
      return []
    }
  })

/** Whether this entry judges a mutant to be equivalent. */
export const isSame = (mutant: Mutant, entry: Equivalent): boolean =>
  mutant.source.package === entry.package &&
  mutant.becomes === entry.becomes &&
  original(mutant) === entry.from &&
  diff(mutant).before.split('\n', 1)[0]!.trim() === entry.line

/** All mutants that count: those of the catalogue, and those of all kinds. */
export const allMutants = (
  sources: readonly Source[],
  named: readonly Named[] = catalogue,
): readonly Mutant[] => [
  ...placedOf(named, sources),
  ...sources.flatMap(mutantsOf).filter((mutant) => !equivalent.some((entry) => isSame(mutant, entry))),
]

/** One in this many mutants of a sample is from the catalogue. */
const catalogued = 5

/** An order of all mutants in which every prefix is a sample, drawn by the seed. */
export const inSampleOrder = (mutants: readonly Mutant[], seed: string): readonly Mutant[] => {
  const order = shuffled(mutants, seed)
  const named = order.filter(({ kind }) => kind === 'catalogue')
  const others = order.filter(({ kind }) => kind !== 'catalogue')
  const sample: Mutant[] = []
  while (named.length > 0 || others.length > 0)
    sample.push(...named.splice(0, 1), ...others.splice(0, catalogued - 1))
  return sample
}
