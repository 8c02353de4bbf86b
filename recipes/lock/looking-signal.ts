const aborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')!.get!;
const reason = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'reason')!.get!;

/**
 * A controller whose signal looks before it answers: whoever asks it whether it has aborted, or for the reason, makes `look` run
 * first, which may abort it. So a signal that was kept is right even before a timer could run, as after an event loop that was
 * blocked. It is an `AbortSignal` like any other to `fetch`, `events.once`, `AbortSignal.any` and listeners.
 */
export function lookingController(look: () => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  Object.defineProperties(signal, {
    aborted: {
      configurable: true,
      get(): boolean {
        look();
        return aborted.call(signal);
      },
    },
    reason: {
      configurable: true,
      get(): unknown {
        look();
        return reason.call(signal);
      },
    },
    throwIfAborted: {
      configurable: true,
      value(): void {
        look();
        AbortSignal.prototype.throwIfAborted.call(signal);
      },
    },
  });
  return controller;
}
