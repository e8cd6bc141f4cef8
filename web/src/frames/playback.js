// Playback: where in a window the player is, and how it gets on: by steps, by time, by hand. It knows nothing of what is drawn.

import { countUpTo } from "./axis.js";

// A stretch without a step that would take longer than this to play is skipped, up to so much before the next step.
const QUIET_MS_MAX = 1500;
const LEAD_MS = 250;

export class Playback {
  /** @type {number[]} */
  #moments = [];
  #span = 0;
  #t = 0;
  #index = -1;
  #isPlaying = false;
  /** @type {number} nanoseconds of the window in a millisecond of playing */
  #pace = 1;

  /**
   * What is stepped through. The moment stays as it is.
   * @param {number[]} moments ascending
   * @param {number} span
   */
  setSteps(moments, span) {
    this.#moments = moments;
    this.#span = span;
    this.seek(this.#t);
  }

  get t() {
    return this.#t;
  }

  /** The step that is shown: the last one up to now; -1 before the first. */
  get index() {
    return this.#index;
  }

  get isPlaying() {
    return this.#isPlaying;
  }

  /** @param {number} nanosecondsPerMs */
  set pace(nanosecondsPerMs) {
    this.#pace = nanosecondsPerMs;
  }

  /** From the end it begins again. */
  play() {
    if (this.#t >= this.#span) this.seek(0);
    this.#isPlaying = this.#span > 0;
  }

  pause() {
    this.#isPlaying = false;
  }

  /** @param {number} t */
  seek(t) {
    this.#t = Math.min(Math.max(t, 0), this.#span);
    this.#index = countUpTo(this.#moments, this.#t) - 1;
  }

  /**
   * To the step of this number: of several at one moment each is reached.
   * @param {number} index
   */
  goTo(index) {
    const at = this.#moments[index];
    this.pause();
    if (at === undefined) return;
    this.#t = at;
    this.#index = index;
  }

  stepForward() {
    this.goTo(this.#index + 1);
  }

  /** From between two steps back to the one before. Before the first there is nothing to go back to. */
  stepBack() {
    if (this.#index < 0) return this.pause();
    const isBeyond = this.#t > this.#moments[this.#index];
    this.goTo(isBeyond ? this.#index : Math.max(0, this.#index - 1));
  }

  first() {
    this.goTo(0);
  }

  last() {
    this.goTo(this.#moments.length - 1);
  }

  /**
   * Time passes: plays on.
   * @param {number} elapsedMs
   */
  advance(elapsedMs) {
    if (!this.#isPlaying) return;
    const next = this.#moments[this.#index + 1] ?? this.#span;
    const isQuiet = next - this.#t > QUIET_MS_MAX * this.#pace;
    this.seek(isQuiet ? next - LEAD_MS * this.#pace : this.#t + elapsedMs * this.#pace);
    if (this.#t >= this.#span) this.pause();
  }

  /** Plays on without motion: the next step, and nothing in between. */
  advanceStep() {
    if (!this.#isPlaying) return;
    this.seek(this.#moments[this.#index + 1] ?? this.#span);
    if (this.#t >= this.#span) this.pause();
  }
}
