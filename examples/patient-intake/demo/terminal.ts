import pc from 'picocolors'

/** Where the demo is printed. */
export interface Terminal {
  /** Characters in a line, 80 to 140. */
  readonly columns: number
  readonly colours: ReturnType<typeof pc.createColors>
}

/** What is asked of a process. */
interface Process {
  readonly stdout: { readonly columns?: number; readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The terminal of this process: in colour only where there is one, and nothing speaks against it. */
export const terminal = ({ stdout, env }: Process = process): Terminal => ({
  columns: Math.min(140, Math.max(80, stdout.columns ?? (Number(env.COLUMNS) || 100))),
  colours: pc.createColors(stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'),
})
