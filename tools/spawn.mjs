// Runs one step as a child process, and reports how long it took.
import { spawn } from 'node:child_process'
import { styleText } from 'node:util'

const colour = process.stderr.isTTY && !process.env.NO_COLOR
const style = (format, text) => (colour ? styleText(format, text) : text)

/** Runs a step that others need: what it prints is not the result, which alone is on standard output. */
export const prepare = (name, command, args, env) => run(name, command, args, env, process.stderr)

/** Runs a step with its output on the terminal; a failing step ends everything with its exit code. */
export const run = (name, command, args, env = {}, output = 'inherit') =>
  new Promise((resolve) => {
    console.error(style('cyan', `▸ ${name}`))
    const started = process.hrtime.bigint()
    const child = spawn(command, args, {
      stdio: ['inherit', output, 'inherit'],
      env: { ...process.env, ...env },
      // On Windows npm and the commands of packages are scripts.
      shell: process.platform === 'win32' && command !== process.execPath,
    })
    child.on('error', (error) => {
      console.error(style('red', `✗ ${name}: ${error.message}`))
      process.exit(1)
    })
    child.on('exit', (code, signal) => {
      const seconds = (Number(process.hrtime.bigint() - started) / 1e9).toFixed(1)
      if (code === 0) {
        console.error(style('green', `✓ ${name}`) + style('dim', ` ${seconds} s`))
        resolve()
      } else {
        console.error(style('red', `✗ ${name}: ${signal ?? `exit code ${code}`}`))
        process.exit(code ?? 1)
      }
    })
  })
