import { describe, test } from '@jest/globals'
import { roundTrip } from './cases/round-trip.ts'

describe('round trip', () => {
  for (const [name, run] of Object.entries(roundTrip)) test(name, run)
})
