namespace SeamlessReboot.Angel.Posix;

/// <summary>How a process has ended: with an exit code, or by a signal.</summary>
internal readonly record struct ExitStatus(int? Code, int? Signal)
{
    /// <summary>A process that its own parent has reaped: its status is not known here.</summary>
    internal static ExitStatus Unknown => new(null, null);

    internal bool IsSuccess => Code == 0;

    /// <summary>As a shell has it: the code, or 128 and the signal's number.</summary>
    internal int ShellCode => Code ?? (Signal is int signal ? 128 + signal : 1);

    internal static ExitStatus FromWait(int status) => (status & 0x7F) == 0
        ? new ExitStatus(status >> 8 & 0xFF, null)
        : new ExitStatus(null, status & 0x7F);

    public override string ToString() => this switch
    {
        { Code: int code } => $"it ended with exit code {code}",
        { Signal: int signal } => $"it was killed by {SignalName.Of(signal)}",
        _ => "it ended with an unknown status",
    };
}
