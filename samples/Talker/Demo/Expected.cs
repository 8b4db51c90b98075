namespace Talker.Demo;

/// <summary>A line that has to arrive.</summary>
/// <param name="Line">The line, or with <paramref name="IsBeginning"/> how it begins.</param>
/// <param name="IsBeginning">For lines with a figure in them that nobody can foretell.</param>
internal sealed record Expected(string Line, bool IsBeginning)
{
    /// <summary>Completes with the line when it has come.</summary>
    public TaskCompletionSource<string> Seen { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool Matches(string line) => IsBeginning ? line.StartsWith(Line, StringComparison.Ordinal) : line == Line;
}
