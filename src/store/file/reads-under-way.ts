/** As many as keep the threads that read files busy. */
const ENOUGH = 8;

/**
 * Reads of files that are under way. They wait in one line, that of the few threads that a process has for them, whoever
 * they are for: behind a thousand of others, each step of a request that asks for little would wait for all of them.
 */
export class ReadsUnderWay {
  #count = 0;
  #waiting: (() => void) | undefined;

  /** Counts a read until it is settled. Returns it as it is. */
  count<T>(read: Promise<T>): Promise<T> {
    this.#count++;
    const settled = (): void => {
      this.#count--;
      if (this.areEnough) return;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.();
    };
    read.then(settled, settled);
    return read;
  }

  /** Whether more reads would only wait. */
  get areEnough(): boolean {
    return this.#count >= ENOUGH;
  }

  /** Calls back once, when there are fewer; one at a time may wait. Only to be asked while there are enough. */
  whenFewer(call: () => void): void {
    this.#waiting = call;
  }
}

/** Those of this process, as its threads are. */
export const readsUnderWay = new ReadsUnderWay();
