/** `local-kms` from its arguments to its exit code. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { KmsCall } from '../call-log.ts'
import { KmsError, LocalKmsOptionError } from '../errors.ts'
import { startLocalKms } from '../local-kms.ts'
import { readArguments, UsageError, usage } from './arguments.ts'
import { banner, callLine, jsonLine, paintFor } from './output.ts'

interface Output {
  write(text: string): unknown
  hasColors?: () => boolean
}

/** What the command uses of its process. */
export interface CommandProcess {
  readonly stdout: Output
  readonly stderr: Output
  once(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown
}

/** NODE_EXTRA_CA_CERTS needs an absolute path. */
const writeCa = (ca: string, path: string | undefined): string => {
  const file = resolve(path ?? join(mkdtempSync(join(tmpdir(), 'local-kms-')), 'ca.pem'))
  writeFileSync(file, ca)
  return file
}

const run = async (args: readonly string[], { stdout, stderr, once }: CommandProcess): Promise<void> => {
  const { help, json, quiet, ca, server } = readArguments(args)
  if (help) {
    stdout.write(usage)
    return
  }
  const paint = paintFor(stderr)
  const onCall = (call: KmsCall): void => {
    // The log goes to stderr, so that stdout has only the endpoint and the keys.
    if (!quiet) stderr.write(`${json ? JSON.stringify(call) : callLine(call, paint)}\n`)
  }
  const kms = await startLocalKms({ ...server, onCall })
  kms.ref()
  const caFile = kms.ca === undefined ? undefined : writeCa(kms.ca, ca)
  stdout.write(`${json ? jsonLine(kms, caFile) : banner(kms, server.file, caFile, paintFor(stdout))}\n`)
  const end = (): void => {
    void kms.close()
  }
  once('SIGINT', end)
  once('SIGTERM', end)
}

/**
 * Starts the server, which runs until a signal ends it; returns the exit code.
 *
 * @throws any error that is neither of the user nor of the network: a defect shows its stack
 */
export const runCommand = async (args: readonly string[], process: CommandProcess): Promise<number> => {
  try {
    await run(args, process)
    return 0
  } catch (error) {
    const { message, code, syscall } = error as NodeJS.ErrnoException
    if (error instanceof UsageError || error instanceof LocalKmsOptionError || error instanceof KmsError) {
      process.stderr.write(`local-kms: ${message}\nTry --help.\n`)
      return 2
    }
    if (!code?.startsWith('E') || !syscall) throw error
    process.stderr.write(`local-kms: ${message}\n`)
    return 1
  }
}
