#!/usr/bin/env node
/** `local-kms`: the local KMS as a process of its own. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { KmsCall } from '../call-log.ts'
import { KmsError, LocalKmsOptionError } from '../errors.ts'
import { startLocalKms } from '../local-kms.ts'
import { readArguments, UsageError, usage } from './arguments.ts'
import { banner, callLine, jsonLine, paintFor } from './output.ts'

/** NODE_EXTRA_CA_CERTS wants an absolute path. */
const writeCa = (ca: string, path: string | undefined): string => {
  const file = resolve(path ?? join(mkdtempSync(join(tmpdir(), 'local-kms-')), 'ca.pem'))
  writeFileSync(file, ca)
  return file
}

const run = async (): Promise<void> => {
  const { help, json, quiet, ca, server } = readArguments(process.argv.slice(2))
  if (help) {
    process.stdout.write(usage)
    return
  }
  const paint = paintFor(process.stderr)
  const onCall = (call: KmsCall): void => {
    // The log goes to stderr: stdout has what was asked for, once.
    if (!quiet) process.stderr.write(`${json ? JSON.stringify(call) : callLine(call, paint)}\n`)
  }
  const kms = await startLocalKms({ ...server, onCall })
  const caFile = kms.ca === undefined ? undefined : writeCa(kms.ca, ca)
  process.stdout.write(
    `${json ? jsonLine(kms, caFile) : banner(kms, server.file, caFile, paintFor(process.stdout))}\n`,
  )
  const end = (): void => {
    void kms.close()
  }
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
}

try {
  await run()
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException
  const badInput =
    error instanceof UsageError || error instanceof LocalKmsOptionError || error instanceof KmsError
  // What the user typed, and what the network refused, is told in one line; a defect shows its stack.
  if (badInput) process.stderr.write(`local-kms: ${message}\nTry --help.\n`)
  else if (code?.startsWith('E') && (error as NodeJS.ErrnoException).syscall) {
    process.stderr.write(`local-kms: ${message}\n`)
  } else throw error
  process.exitCode = badInput ? 2 : 1
}
