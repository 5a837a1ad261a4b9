/*
 * The sets of opened values that are in use in this process, for loggers: concurrent invocations share a logger.
 */
import { OpenedValues } from './opened-values.ts'

/** The sets of this process that loggers look in; registered, so that two copies of this package share them. */
const knownKey = Symbol.for('@glassine/core/opened-values')

/** An environment serves fewer invocations at once; those that never ended, since Lambda stopped them, make room. */
const maxRunning = 256

/**
 * How many sets whose invocation has ended loggers still look in, and how many code units these hold together. Keys
 * that were appended to a logger, hooks further out and work that was not waited for write later.
 */
const ending = { sets: 16, length: 1_000_000 }

interface KnownSets {
  /** Not kept from collection to be seen: a set lives as long as its invocation. */
  readonly running: Set<WeakRef<OpenedValues>>
  /** Oldest first. */
  readonly ended: Set<OpenedValues>
}

const known = (): KnownSets => {
  const holder = globalThis as { [knownKey]?: KnownSets }
  if (!holder[knownKey])
    Object.defineProperty(holder, knownKey, { value: { running: new Set(), ended: new Set() } })
  return holder[knownKey]!
}

/**
 * All sets that are in use or were lately. A logger is shared by concurrent invocations, so it looks in all of them.
 */
export const liveOpenedValues = (): readonly OpenedValues[] => {
  const { running, ended } = known()
  const found = [...ended]
  for (const reference of running) {
    const set = reference.deref()
    if (set) found.push(set)
    else running.delete(reference)
  }
  return found
}

/** A set for one invocation, which loggers see until some time after {@link endOpenedValues}. */
export const openedValues = (): OpenedValues => {
  const set = new OpenedValues()
  const { running } = known()
  running.add(new WeakRef(set))
  // Loggers forget the oldest; its invocation goes on to use it.
  if (running.size > maxRunning) running.delete(running.values().next().value!)
  return set
}

/**
 * The invocation has ended, or has passed the last hook that is sure to run. Loggers go on to see the set until 16
 * others have ended, or until it and those that ended later are too long together.
 */
export const endOpenedValues = (set: OpenedValues): void => {
  const { running, ended } = known()
  // Longer than all may be: it is seen as long as something else refers to it.
  if (set.length > ending.length) return
  for (const reference of running) if (reference.deref() === set) running.delete(reference)
  ended.delete(set)
  ended.add(set)
  let length = 0
  for (const one of ended) length += one.length
  for (const one of ended) {
    if (ended.size <= ending.sets && length <= ending.length) return
    length -= one.length
    ended.delete(one)
  }
}
