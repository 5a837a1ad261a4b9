#!/usr/bin/env node
/** `local-kms`: the local KMS as a command. */
import { runCommand } from './command.ts'

process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  once: (signal, listener) => process.once(signal, listener),
})
