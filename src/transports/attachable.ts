/**
 * An axios instance, by what is needed of it: of whatever copy of axios, and for those who have
 * no axios, and so no types of it, as well.
 */
export interface AttachableAxios {
  readonly interceptors: {
    readonly request: { use(...details: never[]): number; eject(id: number): void }
  }
}
