import { createClient } from '@glassine/client'
import { Patient } from '../../src/model.ts'
import type { Settings } from './settings.ts'

/** A client of the library as an app has it; a session begins with the first request. */
export const createApi = ({ clinic, shape, response }: Settings) =>
  createClient({
    baseUrl: location.origin,
    fields: Patient,
    bind: { tenant: clinic },
    shape,
    response: { mode: response },
  })

export type Api = ReturnType<typeof createApi>
