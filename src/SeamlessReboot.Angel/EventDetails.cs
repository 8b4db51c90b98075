using SeamlessReboot.Angel.Control;
using SeamlessReboot.Angel.Posix;

namespace SeamlessReboot.Angel;

/// <summary>What comes with an event; which of these are set depends on the event.</summary>
/// <param name="Status">How a process has ended.</param>
/// <param name="Number">A PID, or a signal.</param>
/// <param name="Time">More time.</param>
/// <param name="Text">A reason, as the rest of "because ...".</param>
/// <param name="Call">The request, if somebody waits for an answer.</param>
internal readonly record struct EventDetails(ExitStatus Status = default, int Number = 0, TimeSpan Time = default, string? Text = null, ControlCall? Call = null);
