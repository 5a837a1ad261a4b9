import { Logger } from '@aws-lambda-powertools/logger'
import type { ConstructorOptions } from '@aws-lambda-powertools/logger/types'
import { Encrypted, Masked, Model } from '@glassine/core'
import { redactor } from '@glassine/logger'
import { jest } from '@jest/globals'

@Model('patient')
export class Patient {
  id!: string
  @Encrypted({ label: 'phi' }) ssn!: Encrypted<string>
  @Encrypted() dateOfBirth!: Encrypted<string>
  @Encrypted({ label: 'phi' }) bloodPressure!: Encrypted<{ systolic: number }>
  @Masked({ keepLast: 4 }) phone!: string
}

/** What a logger that redacts {@link Patient} writes to stdout and stderr while `use` runs. */
export const capture = (use: (logger: Logger) => void, options: ConstructorOptions = {}): string => {
  const chunks: string[] = []
  const write = (chunk: unknown) => chunks.push(String(chunk)) > 0
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation(write),
    jest.spyOn(process.stderr, 'write').mockImplementation(write),
  ]
  try {
    use(new Logger({ logLevel: 'TRACE', jsonReplacerFn: redactor(Patient), ...options }))
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return chunks.join('')
}

/** The only line that was written, parsed. */
export const line = (use: (logger: Logger) => void, options?: ConstructorOptions): any =>
  JSON.parse(capture(use, options))

/** The logged form of a value, after JSON. */
export const logged = (value: unknown): any => line((logger) => logger.info('test', { value } as never)).value
