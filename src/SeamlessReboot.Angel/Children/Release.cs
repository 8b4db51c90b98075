namespace SeamlessReboot.Angel.Children;

/// <summary>What is started: a command, in a directory.</summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Directory">The working directory; one that is gone is passed over.</param>
internal sealed record Release(IReadOnlyList<string> Command, string Directory)
{
    public bool Equals(Release? other) => other is not null && Directory == other.Directory && Command.SequenceEqual(other.Command);

    public override int GetHashCode() => HashCode.Combine(Command.Count, Command[0]);

    public override string ToString() => string.Join(' ', Command.Select(Quote));

    private static string Quote(string argument) =>
        argument.Length > 0 && !argument.Any(c => char.IsWhiteSpace(c) || c is '\'' or '"') ? argument : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
