// npm run demo -- --web [--port N] [--no-open]
import { spawn } from 'node:child_process'
import pc from 'picocolors'
import { bundleHandler, loadHandlers } from '../demo/bundle.ts'
import { startPlayground } from './server.ts'

/** Where there is a desktop; elsewhere the line with the address has to do. */
const openBrowser = (url: string): void => {
  const { platform, env } = process
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return
  const [command, ...args] =
    platform === 'darwin' ? ['open'] : platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open']
  const child = spawn(command!, [...args, url], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}

/** Serves the playground until the process is told to stop. */
export const runPlayground = async ({ port, open }: { port: number; open: boolean }): Promise<void> => {
  const { file } = await bundleHandler()
  const playground = await startPlayground({ port, loadHandlers: () => loadHandlers(file) }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error
      console.error(pc.red(`  port ${port} is taken: choose another by --port N`))
      process.exit(1)
    },
  )
  console.log(`
  ${pc.bold('Glassine playground')}  ${pc.cyan(playground.origin)}

  The browser will ask about the certificate: it was made a moment ago, for this run, and no one vouches for it.
  Go on by "Advanced" and "Proceed to localhost". Or let your browser trust the authority in
  ${pc.dim(playground.caFile)}
  whose private key is gone already, so that it can vouch for nothing else.

  ${pc.dim('Ctrl-C stops it.')}
`)
  if (open) openBrowser(playground.origin)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await playground.close()
  console.log('  stopped')
}
