// Runs Node with a limit on its time. What does not end is asked what it waits for, and stopped, so a suite that hangs
// becomes a failure. A process that is busy in one function cannot answer.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** What Node takes to write its reports, in ms. */
const reporting = 1_000

/**
 * @param args - what Node runs; its output goes to stderr
 * @param options - `limit` in ms, and the environment
 * @returns the exit code; 124 when it was stopped, and null when something else stopped it
 */
export const runLimited = async (args, { limit, env = process.env }) => {
  const reports = mkdtempSync(path.join(tmpdir(), 'glassine-hung-'))
  const child = spawn(
    process.execPath,
    ['--report-on-signal', '--report-compact', `--report-directory=${reports}`, ...args],
    // A group of its own, so that its workers are asked and stopped with it.
    { stdio: ['ignore', 'ignore', 'inherit'], env, detached: true },
  )
  const interrupted = (signal) => {
    stop(child, 'SIGKILL')
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupted)
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve))
  const timer = new AbortController()
  const late = pause(limit, 124, { signal: timer.signal }).catch(() => undefined)
  const status = await Promise.race([ended, late])
  timer.abort()
  if (status === 124) {
    stop(child, 'SIGUSR2')
    await pause(reporting)
    stop(child, 'SIGKILL')
    const files = readdirSync(reports)
    console.error(
      `did not end within ${limit / 60_000} min; ${files.length} processes say what they wait for`,
    )
    for (const file of files) console.error(waitsFor(path.join(reports, file)))
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupted)
  rmSync(reports, { recursive: true, force: true })
  return status
}

const stop = ({ pid }, signal) => {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended.
  }
}

/** What keeps a process from ending: its open timers, pipes, sockets and children. */
const waitsFor = (file) => {
  const { header, libuv } = JSON.parse(readFileSync(file, 'utf8'))
  const open = libuv.filter(({ is_active, is_referenced }) => is_active && is_referenced)
  return [`process ${header.processId}`, ...open.map((one) => `  ${JSON.stringify(one)}`)].join('\n')
}
