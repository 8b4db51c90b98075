using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Arms the interval timer with so many seconds; answers how many are left.</summary>
internal sealed class TimerCommand : ICommand
{
    public string Name => "timer";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        if (argument.Length > 0)
            Native.ArmTimer(long.Parse(argument, CultureInfo.InvariantCulture));
        return ValueTask.FromResult<string?>(Native.TimerLeft().ToString(CultureInfo.InvariantCulture));
    }
}
