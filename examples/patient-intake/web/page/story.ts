// A request is over in milliseconds. The story tells it at a pace that people can follow, step by step, in order.
import type { Observation } from '../protocol.ts'

/** The end of a request: what the client made of the response. */
export interface Opened {
  readonly kind: 'opened'
  readonly id: string
  readonly value?: unknown
  /** Why there is no value. */
  readonly error?: string
  /** The client itself said so. */
  readonly threw?: true
}

export type Step = Observation | Opened

const order = ['wire', 'lambda', 'table', 'log', 'answer', 'opened'] as const

/** Between two steps, in ms. */
const pace = 420

/** How long the stream of observations may lag behind the response, in ms. */
const patience = 400

const calm = matchMedia('(prefers-reduced-motion: reduce)')

/** Plays the steps of one request at a time; `onStep` hears of each when its time has come. */
export const createStory = (onStep: (step: Step) => void) => {
  let id = ''
  let next = 0
  let waiting = new Map<string, Step>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const play = (): void => {
    if (timer !== undefined) return
    const step = waiting.get(order[next] ?? '')
    if (!step) return
    timer = setTimeout(
      () => {
        timer = undefined
        next++
        onStep(step)
        play()
      },
      calm.matches ? 0 : pace,
    )
  }

  return {
    begin(newId: string): void {
      clearTimeout(timer)
      timer = undefined
      id = newId
      next = 0
      waiting = new Map()
    },
    add(step: Step): void {
      if (step.id !== id) return
      waiting.set(step.kind, step)
      play()
    },
    /** The client threw. Where nothing came as far as the wire, that is all there is to tell. */
    end(step: Opened): void {
      setTimeout(() => {
        if (step.id === id && !waiting.has('wire')) next = order.length - 1
        this.add(step)
      }, patience)
    },
  }
}
