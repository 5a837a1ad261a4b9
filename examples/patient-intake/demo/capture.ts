/** Runs some work and returns what it wrote to standard output and error meanwhile, in place of writing it. */
export const captureOutput = async <T>(work: () => Promise<T>): Promise<{ result: T; output: string }> => {
  const chunks: string[] = []
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }))
  for (const { stream } of streams) {
    stream.write = ((chunk: string | Uint8Array) => {
      chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))
      return true
    }) as typeof stream.write
  }
  try {
    return { result: await work(), output: chunks.join('') }
  } finally {
    for (const { stream, write } of streams) stream.write = write
  }
}
