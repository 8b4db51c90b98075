namespace Talker.Telnet;

/// <summary>A finding of <see cref="TelnetParser"/>.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Where it begins; 0 for a line.</param>
/// <param name="End">Where it ends. For what is unfinished: as far as nothing is missing.</param>
internal readonly record struct TelnetItem(TelnetItemKind Kind, int Start, int End);
