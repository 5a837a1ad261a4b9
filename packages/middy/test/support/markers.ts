import { inspect } from 'node:util'

/** Everything that was printed while `work` ran, by whatever way. */
export const printedBy = async (work: () => Promise<void>): Promise<string> => {
  let printed = ''
  const restore: (() => void)[] = []
  for (const stream of [process.stdout, process.stderr]) {
    const { write } = stream
    stream.write = ((chunk: unknown) => {
      printed += String(chunk)
      return true
    }) as typeof write
    restore.push(() => {
      stream.write = write
    })
  }
  // Jest puts its own console in place, which does not write to the streams.
  for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    const original = console[name]
    console[name] = (...values: unknown[]) => {
      printed += values.map((value) => inspect(value, { depth: 10, showHidden: true })).join(' ')
    }
    restore.push(() => {
      console[name] = original
    })
  }
  try {
    await work()
  } finally {
    for (const undo of restore) undo()
  }
  return printed
}

/** All that a logger, a tracer or Lambda's runtime could write of a value. */
export const seenIn = (value: unknown): string => {
  const texts = [inspect(value, { depth: 20, showHidden: true, getters: true })]
  if (value instanceof Error) {
    texts.push(value.message, String(value.stack), JSON.stringify(Object.getOwnPropertyDescriptors(value)))
    for (const inner of [value.cause, (value as { originalError?: unknown }).originalError])
      if (inner !== undefined) texts.push(seenIn(inner))
  }
  try {
    texts.push(JSON.stringify(value) ?? '')
  } catch {
    // A cycle, which inspect has shown.
  }
  return texts.join('\n')
}
