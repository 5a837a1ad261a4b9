/** Runs some work and returns what it wrote to standard output meanwhile, in place of writing it. */
export const captureOutput = async <T>(work: () => Promise<T>): Promise<{ result: T; output: string }> => {
  const write = process.stdout.write
  const chunks: string[] = []
  process.stdout.write = ((chunk: string | Uint8Array) => {
    chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))
    return true
  }) as typeof process.stdout.write
  try {
    return { result: await work(), output: chunks.join('') }
  } finally {
    process.stdout.write = write
  }
}
